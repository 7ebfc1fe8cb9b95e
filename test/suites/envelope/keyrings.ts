import { describe, expect, it } from 'vitest'
import { concatBytes, encodeUtf8 } from '../../../src/codec/bytes'
import {
  decrypt,
  type EnvelopeKmsClient,
  ecdsa,
  encrypt,
  fromSdk,
  fromSend,
  type Keyring,
  kms,
  kmsDiscovery,
  multi,
  rawAes,
  rawRsa,
} from '../../../src/envelope'
import { encodeContext } from '../../../src/envelope/context'
import { expandPoint } from '../../../src/envelope/signing'
import { aesKeyring, codeOf, hasAes192, newKms, random, refusal } from './helpers'

const secret = encodeUtf8('the real payload')
const encryptionContext = { tenant: 'a', Zeta: 'b' }
const seal = async (keyring: Keyring, more: object = {}) => encrypt(secret, { keyring, encryptionContext, ...more })
const open = async (keyring: Keyring, message: Bytes, more: object = {}) =>
  (await decrypt(message, { keyring, ...more })).plaintext

export function keyringSuite(): void {
  describe('KMS', () => {
    it('makes the data key with GenerateDataKey and opens it with Decrypt', async () => {
      const { client, calls, newKey, inProcess } = await newKms()
      const keyId = await newKey()
      const { message, header } = await seal(kms({ client, keyId }))
      expect(header.encryptedDataKeys).toMatchObject([{ providerId: 'aws-kms', providerInfo: encodeUtf8(keyId) }])
      expect(await open(kms({ client, keyId }), message)).toEqual(secret)
      expect(calls).toEqual(['GenerateDataKey', 'Decrypt'])
      // The in-process client needs no adapter.
      expect(await open(kms({ client: inProcess, keyId }), message)).toEqual(secret)
    })

    it('writes under several keys, any of which opens', async () => {
      const { client, calls, newKey } = await newKms()
      const [a, b, c] = [await newKey(), await newKey(), await newKey()]
      const { message, header } = await seal(kms({ client, keyId: a, additionalKeyIds: [b] }))
      expect(header.encryptedDataKeys).toHaveLength(2)
      expect(calls).toEqual(['GenerateDataKey', 'Encrypt'])
      for (const keyId of [a, b]) expect(await open(kms({ client, keyId }), message)).toEqual(secret)
      expect(await open(kms({ client, keyId: c, additionalKeyIds: [b] }), message)).toEqual(secret)
      calls.length = 0
      const error = await refusal(open(kms({ client, keyId: c }), message))
      expect(error.code).toBe('noDataKeyOpened')
      expect(error.reasons.map(({ key }) => key)).toEqual([`aws-kms ${a}`, `aws-kms ${b}`])
      expect(calls).toEqual([])
    })

    it('writes under an alias or a bare id, and reads by ARN alone', async () => {
      const { client, newKey, inProcess } = await newKms()
      const keyArn = await newKey()
      await inProcess.createAlias({ AliasName: 'alias/app', TargetKeyId: keyArn })
      for (const keyId of ['alias/app', keyArn.split('/')[1] ?? '']) {
        const { message, header } = await seal(kms({ client, keyId }))
        expect(header.encryptedDataKeys[0]?.providerInfo).toEqual(encodeUtf8(keyArn))
        expect(await codeOf(open(kms({ client, keyId }), message))).toBe('noDataKeyOpened')
        expect(await open(kms({ client, keyId: keyArn }), message)).toEqual(secret)
      }
    })

    it('tells what KMS said', async () => {
      const { client, newKey, inProcess } = await newKms()
      const keyId = await newKey()
      const { message } = await seal(kms({ client, keyId }))
      await inProcess.disableKey({ KeyId: keyId })
      const reading = await refusal(open(kms({ client, keyId }), message))
      expect(reading.reasons).toMatchObject([{ key: `aws-kms ${keyId}`, error: { code: 'DisabledException' } }])
      const writing = await refusal(seal(kms({ client, keyId })))
      expect(writing).toMatchObject({ code: 'keyringFailed', reasons: [{ error: { code: 'DisabledException' } }] })
    })

    it('does not open under another context', async () => {
      const { client, newKey } = await newKms()
      const keyId = await newKey()
      const { message } = await seal(kms({ client, keyId }), { requiredContext: ['tenant'] })
      expect(await codeOf(open(kms({ client, keyId }), message))).toBe('noDataKeyOpened')
      expect(await open(kms({ client, keyId }), message, { requiredContext: { tenant: 'a' } })).toEqual(secret)
    })

    it('sends the public key of a signed suite to KMS', async () => {
      const { client, newKey } = await newKms()
      const keyId = await newKey()
      const contexts: object[] = []
      const watched: EnvelopeKmsClient = {
        ...client,
        generateDataKey: (input) => {
          contexts.push(input.EncryptionContext)
          return client.generateDataKey(input)
        },
      }
      const { message } = await seal(kms({ client: watched, keyId }), { suite: 0x0578, signatures: ecdsa })
      expect(contexts).toMatchObject([
        { tenant: 'a', 'aws-crypto-public-key': expect.stringMatching(/^A[A-Za-z0-9+/]{65}==$/) },
      ])
      expect(await open(kms({ client, keyId }), message, { signatures: ecdsa })).toEqual(secret)
    })

    it('takes a multi-Region key by its relative in another Region', async () => {
      const id = `mrk-${'1'.repeat(32)}`
      const arn = (region: string, key = id, account = '111122223333') => `arn:aws:kms:${region}:${account}:key/${key}`
      const dataKey = random(32)
      const asked: string[] = []
      const client = fromSend(async (operation, { KeyId }) => {
        asked.push(`${operation} ${KeyId}`)
        return { KeyId, CiphertextBlob: Uint8Array.of(1), Plaintext: dataKey.slice() }
      })
      const { message } = await seal(kms({ client, keyId: arn('eu-west-1') }))
      expect(await open(kms({ client, keyId: arn('us-east-1') }), message)).toEqual(secret)
      expect(asked[1]).toBe(`Decrypt ${arn('us-east-1')}`)
      for (const keyId of [
        arn('us-east-1', `mrk-${'2'.repeat(32)}`),
        arn('eu-west-1', id, '444455556666'),
        id,
        'alias/a',
      ]) {
        expect(await codeOf(open(kms({ client, keyId }), message)), keyId).toBe('noDataKeyOpened')
      }
      const single = '11111111-1111-4111-8111-111111111111'
      const other = await seal(kms({ client, keyId: arn('eu-west-1', single) }))
      expect(await codeOf(open(kms({ client, keyId: arn('us-east-1', single) }), other.message))).toBe(
        'noDataKeyOpened',
      )
    })

    it('believes no answer that does not fit', async () => {
      const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111'
      const good = { KeyId: keyId, CiphertextBlob: Uint8Array.of(1), Plaintext: new Uint8Array(32).fill(5) }
      const answering = (answer: object) =>
        kms({ client: fromSend(async () => ({ ...good, Plaintext: good.Plaintext.slice(), ...answer })), keyId })
      const { message } = await seal(answering({}))
      for (const answer of [
        { Plaintext: random(31) },
        { Plaintext: undefined },
        { KeyId: 'alias/x' },
        { KeyId: undefined },
        { CiphertextBlob: undefined },
      ]) {
        expect(await codeOf(seal(answering(answer))), JSON.stringify(answer)).toBe('keyringFailed')
      }
      for (const answer of [
        { Plaintext: random(31) },
        { Plaintext: undefined },
        { KeyId: `${keyId}0` },
        { KeyId: undefined },
      ]) {
        expect(await codeOf(open(answering(answer), message)), JSON.stringify(answer)).toBe('noDataKeyOpened')
      }
      expect(await open(answering({}), message)).toEqual(secret)
    })

    it('leaves no data key behind in an answer', async () => {
      const { client, newKey } = await newKms()
      const keyId = await newKey()
      const seen: Uint8Array[] = []
      const kept: EnvelopeKmsClient['decrypt'] = async (input) => {
        const answer = await client.decrypt(input)
        if (answer.Plaintext) seen.push(answer.Plaintext)
        return answer
      }
      const { message } = await seal(kms({ client, keyId }))
      await open(kms({ client: { ...client, decrypt: kept }, keyId }), message)
      expect(seen).toEqual([new Uint8Array(32)])
    })

    it('goes through the commands of an SDK', async () => {
      const { client, newKey } = await newKms()
      const command = <N extends keyof EnvelopeKmsClient>(name: N) =>
        class {
          readonly name = name
          constructor(readonly input: Parameters<EnvelopeKmsClient[N]>[0]) {}
        }
      const sdk = {
        send: ({ name, input }: { name: keyof EnvelopeKmsClient; input: never }) => client[name](input),
      }
      const commands = {
        GenerateDataKeyCommand: command('generateDataKey'),
        EncryptCommand: command('encrypt'),
        DecryptCommand: command('decrypt'),
      }
      const keyring = kms({
        client: fromSdk(sdk, commands),
        keyId: await newKey(),
        additionalKeyIds: [await newKey()],
      })
      expect(await open(keyring, (await seal(keyring)).message)).toEqual(secret)
    })
  })

  describe('KMS discovery', () => {
    it('opens within its filter and never writes', async () => {
      const { client, calls, newKey } = await newKms()
      const keyId = await newKey()
      const accountId = keyId.split(':')[4] ?? ''
      const { message } = await seal(kms({ client, keyId }))
      calls.length = 0
      for (const filter of [
        {},
        { partition: 'aws' },
        { accountIds: ['444455556666', accountId] },
        { partition: 'aws', accountIds: [accountId] },
      ]) {
        expect(await open(kmsDiscovery({ client, ...filter }), message)).toEqual(secret)
      }
      calls.length = 0
      for (const filter of [{ partition: 'aws-cn' }, { accountIds: ['444455556666'] }, { accountIds: [] }]) {
        expect(await codeOf(open(kmsDiscovery({ client, ...filter }), message))).toBe('noDataKeyOpened')
      }
      expect(calls).toEqual([])
      expect(await codeOf(seal(kmsDiscovery({ client })))).toBe('invalidOption')
    })
  })

  describe('raw AES', () => {
    it.each([16, 24, 32])('wraps under %i bytes, and under a CryptoKey', async (length) => {
      const bytes = random(length)
      const keyring = rawAes({ namespace: 'n', name: 'k', key: bytes })
      if (length === 24 && !(await hasAes192())) {
        expect(await codeOf(seal(keyring))).toBe('unsupportedByRuntime')
        return
      }
      const { message, header } = await seal(keyring)
      const info = header.encryptedDataKeys[0]?.providerInfo
      expect(info?.slice(0, 9)).toEqual(concatBytes(encodeUtf8('k'), Uint8Array.of(0, 0, 0, 128, 0, 0, 0, 12)))
      const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
      expect(await open(rawAes({ namespace: 'n', name: 'k', key }), message)).toEqual(secret)
    })

    it('takes the data keys of its own namespace and name alone', async () => {
      const key = random(32)
      const { message } = await seal(rawAes({ namespace: 'n', name: 'k', key }))
      for (const other of [
        { namespace: 'm', name: 'k' },
        { namespace: 'n', name: 'kk' },
        { namespace: 'n', name: '' },
      ]) {
        expect(await codeOf(open(rawAes({ ...other, key }), message))).toBe('noDataKeyOpened')
      }
      expect(() => rawAes({ namespace: 'aws-kms', name: 'k', key })).toThrow('invalidOption namespace')
    })

    it('opens a context in the order of the locale where it is asked to', async () => {
      const key = random(32)
      const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
      const inLocaleOrder: Keyring = {
        async wrap({ encryptionContext: context, suite }) {
          const dataKey = random(suite.keyBytes)
          const iv = random(12)
          const additionalData = encodeContext(context, (a, b) => a.localeCompare(b))
          expect(additionalData).not.toEqual(encodeContext(context))
          const ciphertext = new Uint8Array(
            await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, aes, dataKey),
          )
          const providerInfo = concatBytes(encodeUtf8('k'), Uint8Array.of(0, 0, 0, 128, 0, 0, 0, 12), iv)
          return { dataKey, encryptedDataKeys: [{ providerId: 'n', providerInfo, ciphertext }] }
        },
        unwrap: () => Promise.reject(new Error('for writing only')),
      }
      const { message } = await encrypt(secret, {
        keyring: inLocaleOrder,
        encryptionContext: { Zeta: '1', alpha: '2' },
      })
      const options = { namespace: 'n', name: 'k', key }
      expect(await codeOf(open(rawAes(options), message))).toBe('noDataKeyOpened')
      expect(await open(rawAes({ ...options, localeOrder: true }), message)).toEqual(secret)
    })
  })

  describe('raw RSA', () => {
    it.each(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const)('wraps with OAEP and %s', async (hash) => {
      const algorithm = { name: 'RSA-OAEP', hash, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }
      const { publicKey, privateKey } = (await crypto.subtle.generateKey(algorithm, true, [
        'encrypt',
        'decrypt',
      ])) as CryptoKeyPair
      const spki = new Uint8Array((await crypto.subtle.exportKey('spki', publicKey)) as ArrayBuffer)
      const pkcs8 = new Uint8Array((await crypto.subtle.exportKey('pkcs8', privateKey)) as ArrayBuffer)
      const who = { namespace: 'n', name: 'k', hash }
      const { message } = await seal(rawRsa({ ...who, publicKey: spki }))
      expect(await open(rawRsa({ ...who, privateKey: pkcs8 }), message)).toEqual(secret)
      const both = rawRsa({ ...who, publicKey, privateKey })
      expect(await open(both, (await seal(both)).message)).toEqual(secret)
      const otherHash = hash === 'SHA-256' ? 'SHA-384' : 'SHA-256'
      for (const wrong of [{ name: 'other' }, { namespace: 'm' }, { hash: otherHash } as const]) {
        expect(await codeOf(open(rawRsa({ ...who, privateKey: pkcs8, ...wrong }), message))).toBe('noDataKeyOpened')
      }
      expect(await codeOf(open(rawRsa({ ...who, publicKey: spki }), message))).toBe('noDataKeyOpened')
      expect(await codeOf(seal(rawRsa({ ...who, privateKey: pkcs8 })))).toBe('invalidOption')
    })
  })

  describe('multi', () => {
    it('wraps for all, opens with any, tells all reasons', async () => {
      const { client, newKey } = await newKms()
      const [a, b, c] = [aesKeyring('a'), aesKeyring('b', 8), kms({ client, keyId: await newKey() })]
      const all = multi({ generator: a, children: [b, c] })
      const { message, header } = await seal(all)
      expect(header.encryptedDataKeys).toHaveLength(3)
      for (const keyring of [all, a, b, c, multi({ children: [aesKeyring('x'), b] })])
        expect(await open(keyring, message)).toEqual(secret)
      const error = await refusal(open(multi({ generator: aesKeyring('x'), children: [aesKeyring('y')] }), message))
      expect(error.code).toBe('noDataKeyOpened')
      expect(error.reasons).toHaveLength(6)
      expect(await codeOf(seal(multi({ children: [a] })))).toBe('invalidOption')
      expect(await codeOf(open(multi({}), message))).toBe('noDataKeyOpened')
    })

    it('fails to write when one of them does', async () => {
      const failing: Keyring = { wrap: () => Promise.reject(new Error('no')), unwrap: aesKeyring().unwrap }
      const error = await refusal(seal(multi({ generator: aesKeyring(), children: [failing] })))
      expect(error).toMatchObject({ code: 'keyringFailed', reasons: [{ error: new Error('no') }] })
    })
  })

  it.each(['P-256', 'P-384'] as const)('finds the points that compressed keys stand for: %s', async (namedCurve) => {
    for (let i = 0; i < 10; i++) {
      const { publicKey } = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, [
        'sign',
        'verify',
      ])) as CryptoKeyPair
      const point = new Uint8Array((await crypto.subtle.exportKey('raw', publicKey)) as ArrayBuffer)
      const size = (point.length - 1) / 2
      const compressed = concatBytes(Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1)), point.subarray(1, 1 + size))
      expect(expandPoint(namedCurve, compressed)).toEqual(point)
      expect(expandPoint(namedCurve, point)).toEqual(point)
      expect(expandPoint(namedCurve, compressed.subarray(1))).toBeUndefined()
      expect(expandPoint(namedCurve, concatBytes(Uint8Array.of(2), new Uint8Array(size).fill(0xff)))).toBeUndefined()
    }
  })
}
