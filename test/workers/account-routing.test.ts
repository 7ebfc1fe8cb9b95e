import { describe, expect, it } from 'vitest'
import { encodeBase64 } from '../../src/codec/bytes'
import { encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import { encodeGrantToken } from '../../src/codec/grant-token'
import type { OperationName } from '../../src/model/operations'
import { routeOf } from '../../worker/account-routing'

const [own, other, unknown] = ['111122223333', '444455556666', '777788889999']
const region = 'eu-west-1'
const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
const arn = (accountId: string, where = region) => `arn:aws:kms:${where}:${accountId}:key/${keyId}`
const blob = (accountId: string) => {
  const whole = new Uint8Array(120)
  whole.set(encodeBlobPrefix({ accountId, keyId, materialId: 'a'.repeat(64) }))
  return encodeBase64(whole)
}
const token = (accountId: string) => encodeGrantToken({ accountId, sealed: new Uint8Array(80) })

const rows: [what: string, operation: OperationName, input: object | string, home: string, destination?: string][] = [
  ['a bare id', 'Encrypt', { KeyId: keyId }, own],
  ['an ARN at home', 'Encrypt', { KeyId: arn(own) }, own],
  ['an ARN of another account', 'Encrypt', { KeyId: arn(other) }, other],
  ['an alias ARN', 'Sign', { KeyId: `arn:aws:kms:${region}:${other}:alias/a` }, other],
  ['an account that is not kept', 'Encrypt', { KeyId: arn(unknown) }, own],
  ['an ARN of another Region', 'Encrypt', { KeyId: arn(other, 'us-east-1') }, own],
  ['an operation that stays at home', 'DisableKey', { KeyId: arn(other) }, own],
  ['a list that stays at home', 'ListRetirableGrants', { RetiringPrincipal: arn(other) }, own],
  ['grants go', 'CreateGrant', { KeyId: arn(other) }, other],
  ['escapes in JSON', 'Encrypt', `{"KeyId":"${arn(other).replaceAll(':', '\\u003a')}"}`, other],
  ['no JSON', 'Encrypt', `:kms: ${arn(other)}`, own],
  ['a number', 'Encrypt', '":kms:"', own],
  ['a blob of another account', 'Decrypt', { CiphertextBlob: blob(other) }, other],
  ['a blob at home', 'Decrypt', { CiphertextBlob: blob(own) }, own],
  ['KeyId wins over the blob', 'Decrypt', { KeyId: keyId, CiphertextBlob: blob(other) }, own],
  [
    'an RSA ciphertext names no key',
    'Decrypt',
    { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1', CiphertextBlob: blob(other) },
    own,
  ],
  ['no blob at all', 'Decrypt', { CiphertextBlob: 'AAAA' }, own],
  ['a blob of the wrong type', 'Decrypt', { CiphertextBlob: 7 }, own],
  ['from here to here', 'ReEncrypt', { CiphertextBlob: blob(own), DestinationKeyId: keyId }, own],
  ['from there to there', 'ReEncrypt', { CiphertextBlob: blob(other), DestinationKeyId: arn(other) }, other],
  ['from there to here', 'ReEncrypt', { CiphertextBlob: blob(other), DestinationKeyId: keyId }, other, own],
  ['from here to there', 'ReEncrypt', { SourceKeyId: keyId, DestinationKeyId: arn(other) }, own, other],
  ['a grant by key', 'RetireGrant', { KeyId: arn(other), GrantId: 'a' }, other],
  ['a grant by token', 'RetireGrant', { GrantToken: token(other) }, other],
  ['a token that is none', 'RetireGrant', { GrantToken: 'AQpA' }, own],
]

describe('which Vault a call belongs to', () => {
  it.each(rows)('%s', (_, operation, input, home, destination) => {
    const json = typeof input === 'string' ? input : JSON.stringify(input)
    const isKept = (accountId: string) => accountId === own || accountId === other
    expect(routeOf(operation, json, { accountId: own, region }, isKept)).toEqual({
      home: { accountId: home, region },
      ...(destination === undefined ? {} : { destination: { accountId: destination, region } }),
    })
  })
})
