import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import type { Principal } from '../../../src/policy/principal'
import { accountId, region, rootPrincipal } from '../compose'
import {
  aliasArnOf,
  arnOf,
  attempt,
  bytes,
  checkRows,
  invalid,
  must,
  newKey,
  type Open,
  type Row,
  unknownId,
  verdict,
} from './harness'

type Ask = (KeyId: string) => object

/** Operations that take any form of identifier (behaviours 3), with the IAM action of the look-up. */
const anyForm = (ciphertext: Uint8Array, own: string): [OperationName, string, Ask][] => [
  ['DescribeKey', 'DescribeKey', (KeyId) => ({ KeyId })],
  ['Encrypt', 'Encrypt', (KeyId) => ({ KeyId, Plaintext: bytes(1) })],
  ['Decrypt', 'Decrypt', (KeyId) => ({ KeyId, CiphertextBlob: ciphertext })],
  ['GenerateDataKey', 'GenerateDataKey', (KeyId) => ({ KeyId, KeySpec: 'AES_256' })],
  ['GenerateDataKeyWithoutPlaintext', 'GenerateDataKeyWithoutPlaintext', (KeyId) => ({ KeyId, NumberOfBytes: 1 })],
  ['ReEncrypt', 'ReEncryptFrom', (SourceKeyId) => ({ SourceKeyId, CiphertextBlob: ciphertext, DestinationKeyId: own })],
  ['ReEncrypt', 'ReEncryptTo', (DestinationKeyId) => ({ DestinationKeyId, CiphertextBlob: ciphertext })],
]

/** Operations that take key id and key ARN alone. */
const keyForms: [OperationName, Ask][] = [
  ['CancelKeyDeletion', (KeyId) => ({ KeyId })],
  ['DisableKey', (KeyId) => ({ KeyId })],
  ['DisableKeyRotation', (KeyId) => ({ KeyId })],
  ['EnableKey', (KeyId) => ({ KeyId })],
  ['EnableKeyRotation', (KeyId) => ({ KeyId })],
  ['GetKeyLastUsage', (KeyId) => ({ KeyId })],
  ['GetKeyPolicy', (KeyId) => ({ KeyId })],
  ['GetKeyRotationStatus', (KeyId) => ({ KeyId })],
  ['ListAliases', (KeyId) => ({ KeyId })],
  ['ListKeyPolicies', (KeyId) => ({ KeyId })],
  ['ListKeyRotations', (KeyId) => ({ KeyId })],
  ['ListResourceTags', (KeyId) => ({ KeyId })],
  ['PutKeyPolicy', (KeyId) => ({ KeyId, Policy: '{}' })],
  ['RotateKeyOnDemand', (KeyId) => ({ KeyId })],
  ['ScheduleKeyDeletion', (KeyId) => ({ KeyId })],
  ['TagResource', (KeyId) => ({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] })],
  ['UntagResource', (KeyId) => ({ KeyId, TagKeys: ['a'] })],
  ['UpdateKeyDescription', (KeyId) => ({ KeyId, Description: '' })],
]

const foreignArn = (account: string, where: string, rest: string) => `arn:aws:kms:${where}:${account}:${rest}`
const denied = (action: string, principal: Principal = rootPrincipal) =>
  `AccessDeniedException: User: arn:aws:iam::${principal.accountId}:root is not authorized to perform: kms:${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`

/** What no operation finds, whatever forms it takes (behaviours 3): the four kinds of failure, Region before account. */
const missing = (action: string): [what: string, KeyId: string, expected: string][] => {
  const upper = unknownId.toUpperCase()
  const mrk = 'mrk-ffffffffffffffffffffffffffffffff'
  return [
    ['unknown id', unknownId, `NotFoundException: Key '${arnOf(unknownId)}' does not exist`],
    ['unknown id, capitals', upper, `NotFoundException: Key '${arnOf(upper)}' does not exist`],
    ['unknown multi-Region id', mrk, `NotFoundException: Key '${arnOf(mrk)}' does not exist`],
    ['unknown ARN', arnOf(unknownId), `NotFoundException: Key '${arnOf(unknownId)}' does not exist`],
    ['no id', 'nonsense', "NotFoundException: Invalid keyId 'nonsense'"],
    ['no id in an ARN', arnOf('nonsense'), 'NotFoundException: Invalid keyId nonsense'],
    [
      'ARN of another Region',
      foreignArn(accountId, 'us-east-2', `key/${unknownId}`),
      'NotFoundException: Invalid arn us-east-2',
    ],
    [
      'ARN of another Region and account',
      foreignArn('444455556666', 'us-east-2', `key/${unknownId}`),
      'NotFoundException: Invalid arn us-east-2',
    ],
    ['ARN of another account', foreignArn('444455556666', region, `key/${unknownId}`), denied(action)],
  ]
}

const missingAlias = (action: string): [what: string, KeyId: string, expected: string][] => [
  ['unknown alias', 'alias/b', `NotFoundException: Alias ${aliasArnOf('alias/b')} is not found.`],
  ['unknown alias ARN', aliasArnOf('alias/b'), `NotFoundException: Alias ${aliasArnOf('alias/b')} is not found.`],
  ['alias in capitals', 'alias/A', `NotFoundException: Alias ${aliasArnOf('alias/A')} is not found.`],
  ['AWS alias', 'alias/aws/x', `NotFoundException: Alias ${aliasArnOf('alias/aws/x')} is not found.`],
  [
    'alias ARN of another Region',
    foreignArn(accountId, 'us-east-2', 'alias/a'),
    'NotFoundException: Invalid arn us-east-2',
  ],
  ['alias ARN of another account', foreignArn('444455556666', region, 'alias/a'), denied(action)],
]

export function identifiers(open: Open): void {
  async function withAlias() {
    const kms = await open()
    const key = await newKey(kms)
    await must(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: key.KeyId })
    const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: key.KeyId, Plaintext: bytes(1) })
    return { kms, key, blob: CiphertextBlob }
  }

  describe('key identifiers', () => {
    it('are taken in four forms, ids in either case', async () => {
      const { kms, key, blob } = await withAlias()
      const forms = [key.KeyId, key.arn, 'alias/a', aliasArnOf('alias/a'), key.KeyId.toUpperCase()]
      await checkRows(
        kms,
        anyForm(blob, key.KeyId).flatMap(([operation, action, ask]) =>
          forms.map((form): Row => [`${action} of ${form}`, operation, ask(form), 'ok']),
        ),
      )
    })

    it('come back as key ARN from cryptographic operations', async () => {
      const { kms, key, blob } = await withAlias()
      for (const [operation, , ask] of anyForm(blob, key.KeyId)) {
        if (operation === 'DescribeKey') continue
        const result = await attempt(kms, operation, ask('alias/a'))
        expect(result.ok && result.output).toMatchObject({ KeyId: key.arn })
      }
    })

    it('fail in four wordings where every form is taken', async () => {
      const { kms, key, blob } = await withAlias()
      await checkRows(
        kms,
        anyForm(blob, key.KeyId).flatMap(([operation, action, ask]) =>
          [...missing(action), ...missingAlias(action)].map(
            ([what, KeyId, expected]): Row => [`${action}, ${what}`, operation, ask(KeyId), expected],
          ),
        ),
      )
    })

    it('fail alike where keys alone are taken, aliases before any look-up', async () => {
      const { kms } = await withAlias()
      const aliases = ['alias/a', 'alias/b', aliasArnOf('alias/a'), foreignArn('444455556666', 'us-east-2', 'alias/a')]
      const refused = 'InvalidArnException: Key Aliases are not supported for this operation.'
      await checkRows(
        kms,
        keyForms.flatMap(([operation, ask]) => [
          ...missing(operation).map(([what, KeyId, expected]): Row => [what, operation, ask(KeyId), expected]),
          ...aliases.map((KeyId): Row => [KeyId, operation, ask(KeyId), refused]),
        ]),
      )
    })

    it('of alias targets must be keys', async () => {
      const { kms } = await withAlias()
      const refused = 'ValidationException: Aliases must refer to keys. Not aliases'
      await checkRows(
        kms,
        (['CreateAlias', 'UpdateAlias'] as const).flatMap((operation) => [
          ...missing(operation).map(
            ([what, TargetKeyId, expected]): Row => [what, operation, { AliasName: 'alias/a', TargetKeyId }, expected],
          ),
          ['an alias', operation, { AliasName: 'alias/a', TargetKeyId: 'alias/a' }, refused],
          ['an alias ARN', operation, { AliasName: 'alias/a', TargetKeyId: aliasArnOf('alias/b') }, refused],
        ]),
      )
    })

    it('are checked against the model first', async () => {
      const kms = await open()
      const empty = [
        "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$",
      ]
      await checkRows(kms, [
        ['empty', 'DescribeKey', { KeyId: '' }, invalid(...empty)],
        [
          'number',
          'DescribeKey',
          { KeyId: 1 },
          'SerializationException: NUMBER_VALUE can not be converted to a String',
        ],
        [
          'not ASCII',
          'DescribeKey',
          { KeyId: 'alias/ä' },
          invalid(
            "Value 'alias/ä' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$",
          ),
        ],
      ])
    })

    it('tell a caller of another account nothing about what is here', async () => {
      const { kms, key, blob } = await withAlias()
      const stranger: Principal = { kind: 'root', accountId: '444455556666', accessKeyId: 'AKIASTRANGEREXAMPLE1' }
      const elsewhere = await withAlias()
      const there = [key.arn, arnOf(unknownId), aliasArnOf('alias/a'), aliasArnOf('alias/b')]
      await checkRows(
        kms,
        [...anyForm(blob, key.arn), ...anyForm(elsewhere.blob, key.arn)].flatMap(([operation, action, ask], i) =>
          there.map((KeyId): Row => {
            const unnamed = operation === 'ReEncrypt' && action === 'ReEncryptTo'
            const expected = unnamed ? unknownCiphertextKey : denied(action, stranger)
            return [`${i} ${action} ${KeyId}`, operation, ask(KeyId), expected]
          }),
        ),
        stranger,
      )
      for (const CiphertextBlob of [blob, elsewhere.blob]) {
        expect(await verdict(kms, 'Decrypt', { CiphertextBlob }, stranger)).toBe(unknownCiphertextKey)
      }
    })
  })
}

export const unknownCiphertextKey =
  'AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.'
