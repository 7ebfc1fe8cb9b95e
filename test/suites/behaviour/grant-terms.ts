import { describe, expect, it } from 'vitest'
import { accountId } from '../compose'
import { roleArn, rootArn, service, sourceArn, userArn, withGrantees } from './grant-harness'
import { attempt, checkRows, invalid, must, type Open, plantKey, type Row, range, told, unknownId } from './harness'

const ofSymmetric = [
  ...['Decrypt', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'],
  ...['GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'],
]
const ofEvery = ['CreateGrant', 'DescribeKey', 'RetireGrant']
const everyOperation = [
  ...ofSymmetric,
  ...ofEvery,
  ...['Decapsulate', 'DeriveSharedSecret', 'Encapsulate', 'GenerateMac', 'GetPublicKey', 'Sign', 'Verify', 'VerifyMac'],
]

const fitting: readonly (readonly [keySpec: string, keyUsage: string, operations: readonly string[]])[] = [
  ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', ofSymmetric],
  ['RSA_2048', 'ENCRYPT_DECRYPT', ['Decrypt', 'Encrypt', 'GetPublicKey', 'ReEncryptFrom', 'ReEncryptTo']],
  ['RSA_4096', 'SIGN_VERIFY', ['GetPublicKey', 'Sign', 'Verify']],
  ['ECC_NIST_P256', 'SIGN_VERIFY', ['GetPublicKey', 'Sign', 'Verify']],
  ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', ['GetPublicKey', 'Sign', 'Verify']],
  ['ML_DSA_44', 'SIGN_VERIFY', ['GetPublicKey', 'Sign', 'Verify']],
  ['ECC_NIST_P384', 'KEY_AGREEMENT', ['DeriveSharedSecret', 'GetPublicKey']],
  ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE', ['Decapsulate', 'Encapsulate', 'GetPublicKey']],
  ['HMAC_512', 'GENERATE_VERIFY_MAC', ['GenerateMac', 'VerifyMac']],
]

const invalidArn = (arn: string) => `InvalidArnException: ${arn} is not a valid principal.`
const refusal = (text: string) => `ValidationException: ${text}`

/** What CreateGrant says to a change of a good request. */
const requests: readonly (readonly [what: string, over: object, expected: string])[] = [
  ['a user', {}, 'ok'],
  ['root', { GranteePrincipal: rootArn }, 'ok'],
  ['an account number', { GranteePrincipal: accountId }, 'ok'],
  ['another account', { GranteePrincipal: 'arn:aws:iam::444455556666:root' }, 'ok'],
  ['a role', { GranteePrincipal: roleArn }, 'ok'],
  ['a session', { GranteePrincipal: `arn:aws:sts::${accountId}:assumed-role/Deployer/s9` }, 'ok'],
  ['a federated user', { GranteePrincipal: `arn:aws:sts::${accountId}:federated-user/carol` }, 'ok'],
  ['an unknown user', { GranteePrincipal: userArn('nobody') }, invalidArn(userArn('nobody'))],
  [
    'a session of an unknown role',
    { GranteePrincipal: `arn:aws:sts::${accountId}:assumed-role/Nobody/s` },
    invalidArn(`arn:aws:sts::${accountId}:assumed-role/Nobody/s`),
  ],
  [
    'a group',
    { GranteePrincipal: `arn:aws:iam::${accountId}:group/g` },
    invalidArn(`arn:aws:iam::${accountId}:group/g`),
  ],
  [
    'a key',
    { GranteePrincipal: `arn:aws:kms:eu-west-1:${accountId}:key/${unknownId}` },
    invalidArn(`arn:aws:kms:eu-west-1:${accountId}:key/${unknownId}`),
  ],
  ['a name', { GranteePrincipal: 'alice' }, invalidArn('alice')],
  ['an unknown retiring user', { RetiringPrincipal: userArn('nobody') }, invalidArn(userArn('nobody'))],
  ['a retiring role', { RetiringPrincipal: roleArn }, 'ok'],
  [
    'no grantee',
    { GranteePrincipal: undefined },
    refusal('Exactly one of GranteePrincipal and GranteeServicePrincipal must be specified.'),
  ],
  [
    'two grantees',
    { GranteeServicePrincipal: 'rds.amazonaws.com' },
    refusal('Exactly one of GranteePrincipal and GranteeServicePrincipal must be specified.'),
  ],
  [
    'two who retire',
    { RetiringPrincipal: userArn('bob'), RetiringServicePrincipal: 'rds.amazonaws.com' },
    refusal('Only one of RetiringPrincipal and RetiringServicePrincipal can be specified.'),
  ],
  [
    'a service without SourceArn',
    { ...service, RetiringPrincipal: userArn('bob') },
    refusal('A grant to a GranteeServicePrincipal needs the SourceArn constraint.'),
  ],
  [
    'a service that nobody retires',
    { ...service, Constraints: { SourceArn: sourceArn } },
    refusal('A grant to a GranteeServicePrincipal needs a retiring principal.'),
  ],
  [
    'a service',
    { ...service, Constraints: { SourceArn: sourceArn }, RetiringServicePrincipal: 'rds.amazonaws.com' },
    'ok',
  ],
  [
    'CreateGrant alone',
    { Operations: ['CreateGrant'] },
    refusal('Grants must not contain only the CreateGrant operation.'),
  ],
  ['CreateGrant with another', { Operations: ['CreateGrant', 'DescribeKey'] }, 'ok'],
  ['an operation twice', { Operations: ['Encrypt', 'Encrypt'] }, 'ok'],
  [
    'both context constraints',
    { Constraints: { EncryptionContextEquals: { a: '1' }, EncryptionContextSubset: { a: '1' } } },
    refusal('Only one of EncryptionContextEquals and EncryptionContextSubset can be specified.'),
  ],
  ['a context and a source', { Constraints: { EncryptionContextSubset: { a: '1' }, SourceArn: sourceArn } }, 'ok'],
  [
    '8 pairs',
    { Constraints: { EncryptionContextEquals: Object.fromEntries(range(8).map((i) => [`k${i}`, 'v'])) } },
    'ok',
  ],
  [
    '9 pairs',
    { Constraints: { EncryptionContextEquals: Object.fromEntries(range(9).map((i) => [`k${i}`, 'v'])) } },
    refusal('An encryption context constraint has at most 8 pairs, with at most 384 characters.'),
  ],
  ['a value of 384', { Constraints: { EncryptionContextSubset: { a: 'x'.repeat(384) } } }, 'ok'],
  [
    'a value of 385',
    { Constraints: { EncryptionContextSubset: { a: 'x'.repeat(385) } } },
    refusal('An encryption context constraint has at most 8 pairs, with at most 384 characters.'),
  ],
  [
    'no operations',
    { Operations: undefined },
    invalid("Value null at 'operations' failed to satisfy constraint: Member must not be null"),
  ],
]

export function grantTerms(open: Open): void {
  describe('grants', () => {
    it('take parties, operations and constraints that go together', async () => {
      const { kms, KeyId } = await withGrantees(open)
      await checkRows(
        kms,
        requests.flatMap(([what, over, expected]): Row[] => {
          const input = { KeyId, GranteePrincipal: userArn('alice'), Operations: ['Encrypt'], ...over }
          const dry =
            expected === 'ok'
              ? 'DryRunOperationException: The request would have succeeded, but the DryRun option is set.'
              : expected
          return [
            [`${what}, dry`, 'CreateGrant', { ...input, DryRun: true }, dry],
            [what, 'CreateGrant', input, expected],
          ]
        }),
      )
      const kept = requests.filter(([, , expected]) => expected === 'ok').length
      expect((await must(kms, 'ListGrants', { KeyId })).Grants).toHaveLength(kept)
      expect((await kms.storage.read('grantTally', KeyId))?.value.count).toBe(kept)
    })

    it.each(fitting)('of a key %s for %s hold what such a key does', async (keySpec, keyUsage, operations) => {
      const { kms } = await withGrantees(open)
      const { KeyId } = await plantKey(kms, { keySpec, keyUsage } as Parameters<typeof plantKey>[1])
      const found: string[] = []
      for (const operation of everyOperation) {
        const Operations = ['DescribeKey', operation]
        const result = await attempt(kms, 'CreateGrant', { KeyId, GranteePrincipal: rootArn, Operations })
        if (result.ok) found.push(operation)
        else expect(told(result)).toBe(refusal(`Operation ${operation} is not supported for key spec ${keySpec}.`))
      }
      expect(found.sort()).toEqual([...operations, ...ofEvery].sort())
      if (keySpec === 'SYMMETRIC_DEFAULT') return
      const Constraints = { EncryptionContextSubset: { a: '1' } }
      const input = { KeyId, GranteePrincipal: rootArn, Operations: ['DescribeKey'], Constraints }
      expect(told(await attempt(kms, 'CreateGrant', input))).toBe(
        refusal('Encryption context constraints are supported for symmetric encryption keys only.'),
      )
    })
  })
}
