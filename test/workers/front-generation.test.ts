import { afterEach, describe, expect, it, vi } from 'vitest'
import type { OperationName } from '../../src/model/operations'
import type { Env } from '../../worker/env'
import { placeOf } from '../../worker/front-routing'
import { vaultStub } from '../../worker/stubs'
import {
  allow,
  base64,
  deployed,
  directoryOf,
  env,
  type Front,
  isolate,
  kms,
  kmsRequest,
  lookup,
  manage,
  newKey,
  newRegion,
  newUser,
  readAnswer,
  root,
} from './front-door'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

type Method = (...args: unknown[]) => Promise<unknown>

/**
 * One more isolate. `steps`: what it did, in order: calls of Vaults by method, and `RSA`, with the calls of Vaults that
 * were under way when a pair was asked of WebCrypto: none, unless a Vault makes it. In the tests the front and the
 * Vaults share their globals, so that one spy sees both.
 */
function watchedFront(changes: Partial<Env> = {}, before: (method: string) => Promise<void> | void = () => undefined) {
  const steps: string[] = []
  const underWay: string[] = []
  const get = (...given: Parameters<Env['VAULT']['get']>) => {
    const stub = env.VAULT.get(...given) as unknown as Record<string, Method>
    return new Proxy(stub, {
      get: (_, name) => {
        const method = String(name)
        return async (...args: unknown[]) => {
          steps.push(method)
          underWay.push(method)
          try {
            await before(method)
            return await stub[method]?.(...args)
          } finally {
            underWay.splice(underWay.indexOf(method), 1)
          }
        }
      },
    })
  }
  const VAULT = { idFromName: (name: string) => env.VAULT.idFromName(name), get } as unknown as Env['VAULT']
  const spied = spyOnGeneration(async () => {
    steps.push(['RSA', ...underWay].join(' in '))
  })
  return { ...isolate({ ...changes, VAULT }), VAULT, steps, spied }
}

/** Sees each RSA pair before it is made. */
function spyOnGeneration(before: () => Promise<void>) {
  const original = crypto.subtle.generateKey.bind(crypto.subtle) as Method
  return vi.spyOn(crypto.subtle, 'generateKey').mockImplementation((async (...given: unknown[]) => {
    if ((given[0] as { readonly name: string }).name.startsWith('RSA')) await before()
    return original(...given)
  }) as never)
}

const pairs = (steps: readonly string[]) => steps.filter((step) => step.startsWith('RSA')).length
const silent = () => vi.spyOn(console, 'error').mockImplementation(() => undefined)
const signingKey = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }
const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }

async function newImportKey(region: string): Promise<string> {
  const { output } = await kms(deployed, root, region, 'CreateKey', { Origin: 'EXTERNAL' })
  return output.KeyMetadata.KeyId
}

/** Each way to make a pair, over a key that it needs. */
const makers: [OperationName, (region: string) => Promise<object>][] = [
  ['CreateKey', async () => signingKey],
  ['GetParametersForImport', async (region) => ({ KeyId: await newImportKey(region), ...wrapping })],
  ['GenerateDataKeyPair', async (region) => ({ KeyId: await newKey(region), KeyPairSpec: 'RSA_2048' })],
  ['GenerateDataKeyPairWithoutPlaintext', async (region) => ({ KeyId: await newKey(region), KeyPairSpec: 'RSA_2048' })],
]
const modes: [string, Partial<Env>][] = [
  ['strong mode', {}],
  ['leased mode', { KMS_LEASE_SECONDS: '60' }],
]

describe('where a call runs', () => {
  const cases: [OperationName, string, 'vault' | 'fresh', 'vault' | 'fresh' | 'leased'][] = [
    ['CreateKey', '{"KeySpec":"RSA_4096"}', 'fresh', 'fresh'],
    ['CreateKey', '{"CustomerMasterKeySpec":"RSA_2048"}', 'fresh', 'fresh'],
    ['CreateKey', '{"KeySpec":"\\u0052SA_3072"}', 'fresh', 'fresh'],
    ['CreateKey', '{"Description":"RSA_2048"}', 'vault', 'vault'],
    ['CreateKey', '{"KeySpec":"ECC_NIST_P256"}', 'vault', 'vault'],
    ['CreateKey', '{}', 'vault', 'vault'],
    ['CreateKey', '{"KeySpec":"RSA_2048"', 'vault', 'vault'],
    ['CreateKey', '{"KeySpec":{"toString":1,"valueOf":1}}', 'vault', 'vault'],
    ['CreateKey', '{"KeySpec":["RSA_2048"]}', 'vault', 'vault'],
    ['CreateKey', 'null', 'vault', 'vault'],
    ['CreateKey', '"RSA_2048"', 'vault', 'vault'],
    ['CreateKey', '', 'vault', 'vault'],
    ['GetParametersForImport', '', 'fresh', 'fresh'],
    ['GenerateDataKeyPair', '{"KeyPairSpec":"RSA_2048"}', 'fresh', 'leased'],
    ['GenerateDataKeyPair', '{"KeyPairSpec":"ECC_NIST_P256","KeySpec":"RSA_2048"}', 'vault', 'leased'],
    ['GenerateDataKeyPairWithoutPlaintext', '{"KeyPairSpec":"RSA_3072"}', 'fresh', 'leased'],
    ['Encrypt', '{"KeySpec":"RSA_2048"}', 'vault', 'leased'],
    ['ImportKeyMaterial', '{"KeySpec":"RSA_2048"}', 'vault', 'vault'],
    ['DescribeKey', '{}', 'vault', 'vault'],
  ]
  it.each(cases)('%s %s', (operation, json, strong, leased) => {
    expect([placeOf(operation, json, 0), placeOf(operation, json, 1000)]).toEqual([strong, leased])
  })
})

describe.each(modes)('in %s an RSA pair', (_, mode) => {
  it.each(makers)('of %s is made while no call of the Vault is under way', async (operation, inputFor) => {
    const region = newRegion()
    const input = await inputFor(region)
    const front = watchedFront(mode)
    const answer = await kms(front, root, region, operation, input)
    expect(answer.status).toBe(200)
    await front.settled()
    expect(pairs(front.steps)).toBe(1)
    expect(front.steps).toContain('RSA')
    expect(front.steps).not.toContain('answer')
  })
})

it('a pair that the Vault makes would be seen', async () => {
  const region = newRegion()
  const home = { accountId: root.accountId, region }
  const input = { KeyId: await newKey(region), KeyPairSpec: 'RSA_2048' }
  const front = watchedFront()
  await vaultStub({ ...env, VAULT: front.VAULT }, home).answer(home, {
    principal: { kind: 'root', accountId: root.accountId, accessKeyId: root.accessKeyId },
    operation: 'GenerateDataKeyPair',
    requestId: crypto.randomUUID(),
    json: JSON.stringify(input),
  })
  expect(front.steps).toEqual(['answer', 'RSA in answer'])
})

describe('what was made at the front', () => {
  it.each(modes)('%s: a key serves the Vault at once, its record was there before the answer', async (_, mode) => {
    const region = newRegion()
    const front = watchedFront(mode)
    const created = await kms(front, root, region, 'CreateKey', {
      ...signingKey,
      Tags: [{ TagKey: 'a', TagValue: 'b' }],
    })
    const { KeyId, Arn } = created.output.KeyMetadata
    expect(front.steps.slice(-2)).toEqual(['RSA', 'commit'])
    const [record, ...others] = await lookup(deployed, root, region)
    expect(others).toEqual([])
    expect(record).toMatchObject({
      eventName: 'CreateKey',
      requestID: created.headers.get('x-amzn-requestid'),
      resources: [{ ARN: Arn }],
      requestParameters: { keySpec: 'RSA_2048' },
    })
    const signed = { KeyId, Message: base64('m'), SigningAlgorithm: 'RSASSA_PSS_SHA_256' }
    const { Signature } = (await kms(deployed, root, region, 'Sign', signed)).output
    expect((await kms(front, root, region, 'Verify', { ...signed, Signature })).output.SignatureValid).toBe(true)
    await front.settled()
  })

  it('an import token and its wrapping key serve ImportKeyMaterial in the Vault', async () => {
    const region = newRegion()
    const front = watchedFront()
    const KeyId = await newImportKey(region)
    const { output } = await kms(front, root, region, 'GetParametersForImport', { KeyId, ...wrapping })
    const oaep = { name: 'RSA-OAEP', hash: 'SHA-256' }
    const spki = Uint8Array.from(atob(output.PublicKey), (c) => c.charCodeAt(0))
    const publicKey = await crypto.subtle.importKey('spki', spki, oaep, false, ['encrypt'])
    const sealed = new Uint8Array(await crypto.subtle.encrypt(oaep, publicKey, new Uint8Array(32).fill(7)))
    const imported = await kms(front, root, region, 'ImportKeyMaterial', {
      KeyId,
      ImportToken: output.ImportToken,
      EncryptedKeyMaterial: btoa(String.fromCharCode(...sealed)),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    })
    expect(imported.status).toBe(200)
    expect(front.steps.at(-1)).toBe('answer')
    expect((await kms(deployed, root, region, 'Encrypt', { KeyId, Plaintext: base64('x') })).status).toBe(200)
  })

  it('a private half decrypts in the Vault, and its key counts as used', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const { output } = await kms(watchedFront(), root, region, 'GenerateDataKeyPair', {
      KeyId,
      KeyPairSpec: 'RSA_2048',
    })
    const opened = await kms(deployed, root, region, 'Decrypt', { CiphertextBlob: output.PrivateKeyCiphertextBlob })
    expect(opened.output.Plaintext).toBe(output.PrivateKeyPlaintext)
    const [, record] = await lookup(deployed, root, region)
    expect(record.eventName).toBe('GenerateDataKeyPair')
  })

  it('a last use goes with the commit', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const input = { KeyId, KeyPairSpec: 'RSA_2048' }
    expect((await kms(watchedFront(), root, region, 'GenerateDataKeyPairWithoutPlaintext', input)).status).toBe(200)
    const { output } = await kms(deployed, root, region, 'GetKeyLastUsage', { KeyId })
    expect(JSON.stringify(output)).toContain('GenerateDataKeyPairWithoutPlaintext')
  })
})

describe('nothing is made for a call that is refused', () => {
  it.each(makers)('%s of a caller without permission; the record is there', async (operation, inputFor) => {
    const region = newRegion()
    const input = await inputFor(region)
    const user = await newUser({ p: allow('kms:DescribeKey') })
    const front = watchedFront()
    const refused = await kms(front, user, region, operation, input)
    expect(refused).toMatchObject({ status: 400, code: 'AccessDeniedException' })
    expect(pairs(front.steps)).toBe(0)
    const [record] = await lookup(deployed, root, region)
    expect(record).toMatchObject({
      eventName: operation,
      errorCode: 'AccessDenied',
      requestID: refused.headers.get('x-amzn-requestid'),
    })
  })

  const refusals: [string, OperationName, object, string][] = [
    [
      'a usage that does not fit',
      'CreateKey',
      { KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' },
      'ValidationException',
    ],
    ['two specs', 'CreateKey', { ...signingKey, CustomerMasterKeySpec: 'RSA_2048' }, 'ValidationException'],
    ['no such spec', 'CreateKey', { KeySpec: 'RSA_1024', KeyUsage: 'SIGN_VERIFY' }, 'ValidationException'],
    ['another type', 'CreateKey', { ...signingKey, Tags: 'x' }, 'SerializationException'],
    ['no such key', 'GetParametersForImport', { KeyId: crypto.randomUUID(), ...wrapping }, 'NotFoundException'],
    ['no body to speak of', 'GetParametersForImport', {}, 'ValidationException'],
  ]
  it.each(refusals)('%s', async (_, operation, input, code) => {
    const region = newRegion()
    const front = watchedFront()
    expect(await kms(front, root, region, operation, input)).toMatchObject({ code })
    expect(pairs(front.steps)).toBe(0)
    const [record, ...others] = await lookup(deployed, root, region)
    expect([record.errorCode.replace('Exception', ''), others]).toEqual([code.replace('Exception', ''), []])
  })

  it('a body that is not JSON is refused alike', async () => {
    const region = newRegion()
    for (const operation of ['CreateKey', 'GetParametersForImport'] as const) {
      const request = await kmsRequest(root, region, operation, '{"KeySpec":"RSA_2048"')
      expect((await readAnswer(await watchedFront().fetch(request))).code).toBe('SerializationException')
    }
  })

  it('a dry run', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const front = watchedFront()
    const input = { KeyId, KeyPairSpec: 'RSA_2048', DryRun: true }
    expect((await kms(front, root, region, 'GenerateDataKeyPair', input)).code).toBe('DryRunOperationException')
    expect(pairs(front.steps)).toBe(0)
  })
})

describe.each(modes)('%s: nothing that can change is kept at the front', (_, mode) => {
  /** Asks for import parameters, which in both modes decide by what is true now. */
  const ask = (front: Front, region: string, KeyId: string, caller = root) =>
    kms(front, caller, region, 'GetParametersForImport', { KeyId, ...wrapping })

  it('policies, access keys and keys count at the very next call', async () => {
    const region = newRegion()
    const KeyId = await newImportKey(region)
    const user = await newUser({ p: allow('kms:GetParametersForImport') })
    const front = watchedFront(mode)
    expect((await ask(front, region, KeyId, user)).status).toBe(200)
    await directoryOf().putUserPolicies(root.accountId, user.userId, {})
    expect((await ask(front, region, KeyId, user)).code).toBe('AccessDeniedException')
    await directoryOf().putUserPolicies(root.accountId, user.userId, { p: allow('kms:GetParametersForImport') })
    expect((await ask(front, region, KeyId, user)).status).toBe(200)
    await directoryOf().setAccessKeyActive(root.accountId, user.accessKeyId, false)
    expect((await ask(front, region, KeyId, user)).code).toBe('UnrecognizedClientException')
    await kms(deployed, root, region, 'ScheduleKeyDeletion', { KeyId })
    expect((await ask(front, region, KeyId)).code).toBe('KMSInvalidStateException')
    expect(pairs(front.steps)).toBe(2)
    await front.settled()
  })

  it('a clock that was moved counts at the very next call', async () => {
    const region = newRegion()
    const KeyId = await newImportKey(region)
    const front = watchedFront(mode)
    const before = (await ask(front, region, KeyId)).output.ParametersValidTo
    const advanceSeconds = 86_400
    expect((await manage(deployed, root, region, 'POST', '/api/clock', { advanceSeconds })).status).toBe(200)
    const after = (await ask(front, region, KeyId)).output.ParametersValidTo
    expect(after - before).toBeGreaterThanOrEqual(advanceSeconds)
    const { KeyMetadata } = (await kms(front, root, region, 'CreateKey', signingKey)).output
    expect(KeyMetadata.CreationDate * 1000).toBeGreaterThan(Date.now() + (advanceSeconds - 60) * 1000)
    await front.settled()
  })
})

describe('what happens while a pair is being made', () => {
  /** An isolate and a Region; `meanwhile` happens once, between the decision and the commit. */
  function interrupted(meanwhile: () => Promise<unknown>) {
    const front = watchedFront()
    front.spied.mockRestore()
    let [made, done] = [0, false]
    spyOnGeneration(async () => {
      made++
      if (!done) {
        done = true
        await meanwhile()
      }
    })
    return { front, made: () => made }
  }

  it('a key that is disabled meanwhile refuses the call, which makes no second pair', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const { front, made } = interrupted(() => kms(deployed, root, region, 'DisableKey', { KeyId }))
    const answer = await kms(front, root, region, 'GenerateDataKeyPair', { KeyId, KeyPairSpec: 'RSA_2048' })
    expect([answer.code, made()]).toEqual(['DisabledException', 1])
    expect(front.steps.filter((step) => step === 'commit')).toHaveLength(2)
    const records = await lookup(deployed, root, region)
    expect(records.map(({ eventName, errorCode }) => [eventName, errorCode]).slice(0, 2)).toEqual([
      ['GenerateDataKeyPair', 'DisabledException'],
      ['DisableKey', undefined],
    ])
  })

  it('a key that changes otherwise makes the call run again, on record once', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const { front, made } = interrupted(() => kms(deployed, root, region, 'RotateKeyOnDemand', { KeyId }))
    const { output } = await kms(front, root, region, 'GenerateDataKeyPair', { KeyId, KeyPairSpec: 'RSA_2048' })
    expect(made()).toBe(2)
    const opened = await kms(deployed, root, region, 'Decrypt', { CiphertextBlob: output.PrivateKeyCiphertextBlob })
    expect(opened.output).toMatchObject({ Plaintext: output.PrivateKeyPlaintext, KeyMaterialId: output.KeyMaterialId })
    const names = (await lookup(deployed, root, region)).map(({ eventName }) => eventName)
    expect(names.filter((name) => name === 'GenerateDataKeyPair')).toHaveLength(1)
  })

  it('CreateKey is overtaken by nobody', async () => {
    const region = newRegion()
    const { front, made } = interrupted(() => newKey(region))
    expect((await kms(front, root, region, 'CreateKey', signingKey)).status).toBe(200)
    expect(made()).toBe(1)
    expect((await kms(deployed, root, region, 'ListKeys')).output.Keys).toHaveLength(2)
  })
})

describe('when the Vault fails', () => {
  it('at the commit: no answer without it, and no second try', async () => {
    const logged = silent()
    const region = newRegion()
    const front = watchedFront({}, (method) => {
      if (method === 'commit') throw new Error('holds a secret')
    })
    expect(await kms(front, root, region, 'CreateKey', signingKey)).toMatchObject({
      status: 500,
      code: 'KMSInternalException',
    })
    expect(front.steps.filter((step) => step === 'commit')).toHaveLength(1)
    expect((await kms(deployed, root, region, 'ListKeys')).output.Keys).toEqual([])
    expect(JSON.stringify(logged.mock.calls)).not.toContain('holds a secret')
  })

  it('before: ThrottlingException when it is overloaded, and nothing is made', async () => {
    const front = watchedFront({}, () => {
      throw Object.assign(new Error('overloaded'), { overloaded: true })
    })
    expect((await kms(front, root, newRegion(), 'CreateKey', signingKey)).code).toBe('ThrottlingException')
    expect(pairs(front.steps)).toBe(0)
  })

  it('a front with other bytes under the id of a root key makes nothing', async () => {
    silent()
    const region = newRegion()
    await newKey(region)
    const [id] = (env.KMS_ROOT_KEYS ?? '').split(':')
    const front = watchedFront({ KMS_ROOT_KEYS: `${id}:${btoa('w'.repeat(32))}` })
    expect((await kms(front, root, region, 'CreateKey', signingKey)).code).toBe('KMSInternalException')
    expect(pairs(front.steps)).toBe(0)
  })
})
