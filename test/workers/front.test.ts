import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import type { Env } from '../../worker/env'
import type { VaultHost } from '../../worker/vault-host'
import {
  base64,
  callerIdentity,
  deployed,
  env,
  isolate,
  kms,
  kmsRequest,
  lookup,
  newKey,
  newRegion,
  origin,
  otherRoot,
  readAnswer,
  root,
  signedRequest,
  vaultOf,
  watched,
} from './front-door'

/** Namespaces that no request may reach. */
const sealedOff = (): Partial<Env> => ({
  VAULT: watched(env.VAULT, (method) => expect.unreachable(`Vault.${method} was called`)),
  DIRECTORY: watched(env.DIRECTORY, (method) => expect.unreachable(`Directory.${method} was called`)),
})

describe('the main job over signed HTTP', () => {
  it('creates, names, encrypts, decrypts, rotates, re-encrypts, disables and schedules', async () => {
    const region = newRegion()
    const call = (operation: string, input?: object) => kms(deployed, root, region, operation, input)
    const keyId = await newKey(region)
    expect(await call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: keyId })).toMatchObject({
      status: 200,
      output: '',
    })
    const EncryptionContext = { purpose: 'test' }
    const sealed = await call('Encrypt', { KeyId: 'alias/a', Plaintext: base64('hello'), EncryptionContext })
    expect(sealed.output).toMatchObject({
      KeyId: `arn:aws:kms:${region}:${root.accountId}:key/${keyId}`,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
    const { CiphertextBlob } = sealed.output
    expect((await call('RotateKeyOnDemand', { KeyId: keyId })).status).toBe(200)
    const opened = await call('Decrypt', { CiphertextBlob, EncryptionContext })
    expect(opened.output.Plaintext).toBe(base64('hello'))
    expect(await call('Decrypt', { CiphertextBlob, EncryptionContext: { purpose: 'other' } })).toMatchObject({
      status: 400,
      output: { __type: 'InvalidCiphertextException' },
    })
    const again = await call('ReEncrypt', {
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: keyId,
    })
    expect(again.output.SourceKeyMaterialId).not.toBe(again.output.DestinationKeyMaterialId)
    const dataKey = await call('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256' })
    expect(atob(dataKey.output.Plaintext)).toHaveLength(32)
    expect((await call('DisableKey', { KeyId: keyId })).status).toBe(200)
    expect((await call('Encrypt', { KeyId: keyId, Plaintext: base64('x') })).code).toBe('DisabledException')
    expect((await call('ScheduleKeyDeletion', { KeyId: keyId })).output.KeyState).toBe('PendingDeletion')
  })

  it('heads its replies as AWS does', async () => {
    const region = newRegion()
    const { headers } = await kms(deployed, root, region, 'ListKeys')
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1')
    expect(headers.get('x-amzn-requestid')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(5_000)
    expect(headers.get('cache-control')).toContain('no-store')
    const refused = await kms(deployed, root, region, 'DescribeKey', { KeyId: 'alias/none' })
    expect(refused.headers.get('x-amzn-errortype')).toBe('NotFoundException')
  })
})

describe('requests that the front end rejects', () => {
  const json = { 'content-type': 'application/x-amz-json-1.1' }
  const targets: [string, string | undefined][] = [
    ['unknown', 'TrentService.Frobnicate'],
    ['missing', undefined],
    ['lower-cased', 'trentservice.listkeys'],
    ['unprefixed', 'ListKeys'],
    ['a member of every object', 'TrentService.constructor'],
  ]
  it.each(targets)('a target that is %s', async (_, target) => {
    const headers = { ...json, ...(target === undefined ? {} : { 'x-amz-target': target }) }
    const answer = await readAnswer(await deployed.fetch(await signedRequest(root, { headers, body: '{}' })))
    expect(answer).toMatchObject({ status: 400, output: { __type: 'UnknownOperationException' } })
    expect(Object.keys(answer.output)).toEqual(['__type'])
  })

  it.each(['application/x-amz-json-1.0', ''])('content type %j', async (contentType) => {
    const headers = { 'content-type': contentType, 'x-amz-target': 'TrentService.ListKeys' }
    const response = await deployed.fetch(await signedRequest(root, { headers, body: '{}' }))
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('<UnknownOperationException/>')
  })

  const bodies: [string, string, string | undefined][] = [
    ['{', 'ListKeys', undefined],
    ['', 'ListKeys', undefined],
    ['null', 'ListKeys', undefined],
    ['"text"', 'ListKeys', undefined],
    ['{"Limit":1,}', 'ListKeys', undefined],
    ['[]', 'ListKeys', 'Start of list found where not expected'],
    ['{"Limit":"1"}', 'ListKeys', 'STRING_VALUE can not be converted to an Integer'],
    ['{"KeyId":1}', 'DescribeKey', 'NUMBER_VALUE can not be converted to a String'],
    ['{"KeyId":true}', 'DescribeKey', 'TRUE_VALUE can not be converted to a String'],
    ['{"KeyId":{}}', 'DescribeKey', 'Start of structure or map found where not expected.'],
    ['{"Tags":"x"}', 'CreateKey', 'Expected list or null'],
    ['{"Recipient":"x"}', 'Decrypt', 'Expected null'],
    ['{"KeyId":"a","Plaintext":"*"}', 'Encrypt', undefined],
  ]
  it.each(bodies)('body %s of %s', async (body, operation, message) => {
    const answer = await readAnswer(await deployed.fetch(await kmsRequest(root, newRegion(), operation, body)))
    expect(answer).toMatchObject({ status: 400, code: 'SerializationException' })
    expect(answer.output.Message).toBe(message)
  })

  it('truncates a fraction', async () => {
    const region = newRegion()
    await newKey(region)
    await newKey(region)
    expect((await kms(deployed, root, region, 'ListKeys', { Limit: 1.5 })).output.Keys).toHaveLength(1)
  })

  it('a body over 1 MiB: 413 before the signature is looked at', async () => {
    const send = (bytes: number) =>
      isolate(sealedOff()).fetch(new Request(`${origin}/`, { method: 'POST', headers: json, body: 'x'.repeat(bytes) }))
    expect((await send(1024 * 1024 + 1)).status).toBe(413)
    expect((await readAnswer(await send(1024 * 1024))).code).toBe('MissingAuthenticationTokenException')
  })
})

describe('what touches no object', () => {
  const sealed = isolate({ ...sealedOff(), KMS_REGIONS: 'us-east-1' })
  const strangers: [string, string, string][] = [
    ['a root user that is not configured', 'AKIAAAAAAAAAAAAAAAAA', 'UnrecognizedClientException'],
    [
      'a key id of an account that is not configured',
      encodeAccessKeyId('999999999999', new Uint8Array(5)),
      'UnrecognizedClientException',
    ],
  ]
  it.each(strangers)('%s', async (_, accessKeyId, code) => {
    const caller = { ...root, accessKeyId }
    expect((await kms(sealed, caller, 'us-east-1', 'ListKeys')).code).toBe(code)
    expect((await callerIdentity(sealed, caller)).status).toBe(403)
  })

  it('a Region that is not allowed', async () => {
    expect(await kms(sealed, root, 'eu-west-1', 'ListKeys')).toMatchObject({
      code: 'InvalidSignatureException',
      message: 'Credential should be scoped to a valid region. ',
    })
  })

  it('a session token, since none has been issued', async () => {
    const request = await signedRequest(root, {
      headers: { 'x-amz-target': 'TrentService.ListKeys', 'x-amz-security-token': 'made-up' },
      body: '{}',
    })
    expect((await readAnswer(await sealed.fetch(request))).code).toBe('UnrecognizedClientException')
  })
})

describe('other paths', () => {
  it('GET / tells what it is', async () => {
    const response = await deployed.fetch(new Request(`${origin}/`))
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('subtle-kms')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('liveness, readiness and closed metrics', async () => {
    expect((await deployed.fetch(new Request(`${origin}/healthz`))).status).toBe(200)
    const ready = await deployed.fetch(new Request(`${origin}/readyz`))
    expect([ready.status, await ready.text()]).toEqual([200, 'ready\n'])
    expect((await deployed.fetch(new Request(`${origin}/metrics`))).status).toBe(404)
    expect((await deployed.fetch(new Request(`${origin}/nowhere`))).status).toBe(404)
  })

  it('a path prefix', async () => {
    const front = isolate({ KMS_BASE_PATH: '/kms' })
    for (const path of ['/kms', '/kms/']) {
      const request = await signedRequest(root, {
        path,
        headers: { 'x-amz-target': 'TrentService.ListKeys' },
        body: '{}',
      })
      expect((await front.fetch(request)).status).toBe(200)
    }
    expect((await front.fetch(await kmsRequest(root, 'us-east-1', 'ListKeys', '{}'))).status).toBe(404)
  })

  it('without configuration: 503 that names every variable, on every path but /healthz', async () => {
    const front = isolate({ ...sealedOff(), KMS_ROOT_KEYS: '', KMS_ACCOUNTS: '{"secret":', KMS_LEASE_SECONDS: '9999' })
    for (const path of ['/', '/readyz', '/api/status', '/anything']) {
      const response = await front.fetch(new Request(origin + path))
      expect(response.status).toBe(503)
      const text = await response.text()
      for (const name of ['KMS_ROOT_KEYS', 'KMS_ACCOUNTS', 'KMS_LEASE_SECONDS']) expect(text).toContain(name)
      expect(text).not.toMatch(/secret"|9999/)
    }
    expect((await front.fetch(new Request(`${origin}/healthz`))).status).toBe(200)
  })
})

describe('cross-origin', () => {
  const front = isolate({ KMS_CORS_ORIGINS: 'https://app.example, https://other.example' })
  const preflight = (from: string) =>
    front.fetch(
      new Request(`${origin}/`, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'POST' },
      }),
    )

  it('answers the preflight of an allowed origin, unsigned, without credentials', async () => {
    const { status, headers } = await preflight('https://app.example')
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(headers.get('access-control-allow-headers')).toContain('x-amz-target')
    expect(headers.has('access-control-allow-credentials')).toBe(false)
  })

  it.each(['https://evil.example', 'null', 'https://app.example.evil.example'])('not of %s', async (from) => {
    const { status, headers } = await preflight(from)
    expect(status).toBe(404)
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('lets an allowed page read the reply, refusals too', async () => {
    for (const body of ['{}', '{']) {
      const request = await kmsRequest(root, 'us-east-1', 'ListKeys', body)
      request.headers.set('origin', 'https://app.example')
      const { headers } = await front.fetch(request)
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
      expect(headers.get('access-control-expose-headers')).toContain('x-amzn-requestid')
    }
  })

  it('no origin is allowed unless configured', async () => {
    const request = new Request(`${origin}/`, { method: 'OPTIONS', headers: { origin: 'https://app.example' } })
    expect((await deployed.fetch(request)).headers.has('access-control-allow-origin')).toBe(false)
  })
})

describe('identity and audit', () => {
  it('GetCallerIdentity of the root user', async () => {
    const response = await callerIdentity(deployed, root)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain(`<Arn>arn:aws:iam::${root.accountId}:root</Arn>`)
  })

  it('LookupEvents finds every call, refused ones with their codes', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    await kms(deployed, root, region, 'DisableKey', { KeyId: keyId })
    const { headers } = await kms(deployed, root, region, 'Encrypt', { KeyId: keyId, Plaintext: base64('secret') })
    await deployed.fetch(await kmsRequest(root, region, 'Encrypt', '{"KeyId":'))
    const records = await lookup(deployed, root, region)
    expect(records.map(({ eventName, errorCode }) => [eventName, errorCode]).reverse()).toEqual([
      ['CreateKey', undefined],
      ['DisableKey', undefined],
      ['Encrypt', 'DisabledException'],
      ['Encrypt', 'SerializationException'],
    ])
    expect(records[1].requestID).toBe(headers.get('x-amzn-requestid'))
    expect(JSON.stringify(records)).not.toContain(base64('secret'))
  })

  it('accounts and Regions are apart', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    expect((await kms(deployed, otherRoot, region, 'ListKeys')).output.Keys).toEqual([])
    expect((await kms(deployed, root, newRegion(), 'DescribeKey', { KeyId: keyId })).code).toBe('NotFoundException')
    expect(await lookup(deployed, otherRoot, region)).toHaveLength(1)
  })
})

describe('a Vault that fails', () => {
  const failing = (fault: Error) =>
    isolate({
      VAULT: watched(env.VAULT, () => {
        throw fault
      }),
    })

  it('overloaded: ThrottlingException; otherwise KMSInternalException, reported without its message', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const overloaded = Object.assign(new Error('Durable Object is overloaded'), { overloaded: true })
    expect(await kms(failing(overloaded), root, newRegion(), 'ListKeys')).toMatchObject({
      status: 400,
      code: 'ThrottlingException',
    })
    const broken = failing(new Error('holds a secret'))
    expect(await kms(broken, root, newRegion(), 'ListKeys')).toMatchObject({
      status: 500,
      code: 'KMSInternalException',
    })
    expect(logged).toHaveBeenCalledTimes(1)
    expect(JSON.stringify(logged.mock.calls)).not.toContain('holds a secret')
    logged.mockRestore()
  })

  it('the next call gets a new stub, and no call is tried twice', async () => {
    let calls = 0
    const front = isolate({
      VAULT: watched(env.VAULT, () => {
        if (++calls === 1) throw new Error('Network connection lost.')
      }),
    })
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    expect((await kms(front, root, region, 'CreateKey')).code).toBe('KMSInternalException')
    expect(calls).toBe(1)
    expect((await kms(front, root, region, 'CreateKey')).status).toBe(200)
    expect((await kms(front, root, region, 'ListKeys')).output.Keys).toHaveLength(1)
    logged.mockRestore()
  })

  it('a fault inside it: the record says so, the log holds nothing of the request, and the next call works', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    const keyId = await newKey(region)
    await runInDurableObject(vaultOf(region), async (vault) => {
      const { storage } = (await (vault as unknown as { opening: Promise<VaultHost> }).opening) as {
        storage: { read(...asked: unknown[]): unknown }
      }
      const { read } = storage
      storage.read = (...asked) => {
        storage.read = read
        throw new TypeError(`broken over ${JSON.stringify(asked)} and c2VjcmV0`)
      }
    })
    const sealing = () => kms(deployed, root, region, 'Encrypt', { KeyId: keyId, Plaintext: 'c2VjcmV0' })
    expect(await sealing()).toMatchObject({ status: 500, code: 'KMSInternalException' })
    expect((await sealing()).status).toBe(200)
    expect(logged).toHaveBeenCalledTimes(1)
    expect(JSON.stringify(logged.mock.calls)).toContain('TypeError')
    expect(JSON.stringify(logged.mock.calls)).not.toMatch(new RegExp(`c2VjcmV0|${keyId}`))
    const [, failed] = await lookup(deployed, root, region)
    expect(failed).toMatchObject({ eventName: 'Encrypt', errorCode: 'KMSInternalException' })
    logged.mockRestore()
  })

  it('strong mode: one RPC for each call', async () => {
    const methods: string[] = []
    const front = isolate({ VAULT: watched(env.VAULT, (method) => methods.push(method)) })
    const region = newRegion()
    const keyId = await newKey(region, root, front)
    await kms(front, root, region, 'Encrypt', { KeyId: keyId, Plaintext: base64('x') })
    expect(methods).toEqual(['answer', 'answer'])
    expect(vaultOf(region)).toBeDefined()
  })
})
