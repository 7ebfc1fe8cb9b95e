import { describe, expect, it } from 'vitest'
import { startMs } from '../compose'
import { aliasArnOf, bytes, checkRows, invalid, must, newKey, type Open, plantHmac, plantRsa, range } from './harness'

const badCharacters = (aliasName: string) =>
  invalid(
    `Value '${aliasName}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`,
  )
const prefix =
  'ValidationException: Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'

export function aliases(open: Open): void {
  describe('aliases', () => {
    it('are made, moved, listed and deleted', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      const AliasName = 'alias/team/orders_1-x'
      expect(await must(kms, 'CreateAlias', { AliasName, TargetKeyId: a.arn })).toBeUndefined()
      kms.clock.ms += 1000
      await must(kms, 'CreateAlias', { AliasName: 'alias/b', TargetKeyId: b.KeyId })
      kms.clock.ms += 1000
      expect(await must(kms, 'UpdateAlias', { AliasName, TargetKeyId: b.KeyId })).toBeUndefined()
      const entry = (name: string, made: number, moved: number) => ({
        AliasName: name,
        AliasArn: aliasArnOf(name),
        TargetKeyId: b.KeyId,
        CreationDate: new Date(startMs + made),
        LastUpdatedDate: new Date(startMs + moved),
      })
      const both = [entry('alias/b', 1000, 1000), entry(AliasName, 0, 2000)]
      expect(await must(kms, 'ListAliases', {})).toEqual({ Aliases: both, Truncated: false })
      expect((await must(kms, 'ListAliases', { KeyId: b.KeyId })).Aliases).toEqual(both)
      expect((await must(kms, 'ListAliases', { KeyId: a.KeyId })).Aliases).toEqual([])
      expect(await must(kms, 'DeleteAlias', { AliasName })).toBeUndefined()
      expect((await must(kms, 'ListAliases', {})).Aliases).toEqual([both[0]])
      await must(kms, 'CreateAlias', { AliasName, TargetKeyId: a.KeyId })
    })

    it('have names of one form', async () => {
      const kms = await open()
      const { KeyId: TargetKeyId } = await newKey(kms)
      const names: [AliasName: string, expected: string][] = [
        ['orders', prefix],
        ['Alias/orders', prefix],
        ['alias/aws/orders', 'NotAuthorizedException'],
        ['alias/', 'ValidationException: alias/ contains invalid characters for an alias'],
        ['alias/a:b', 'ValidationException: alias/a:b contains invalid characters for an alias'],
        ['alias/a b', badCharacters('alias/a b')],
        ['alias/ä', badCharacters('alias/ä')],
        ['alias/a.b', badCharacters('alias/a.b')],
        [
          `alias/${'a'.repeat(251)}`,
          invalid(
            `Value 'alias/${'a'.repeat(251)}' at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 256`,
          ),
        ],
      ]
      await checkRows(
        kms,
        names.flatMap(([AliasName, expected]) => [
          [AliasName, 'CreateAlias', { AliasName, TargetKeyId }, expected] as const,
          [AliasName, 'UpdateAlias', { AliasName, TargetKeyId }, expected] as const,
          [AliasName, 'DeleteAlias', { AliasName }, expected] as const,
        ]),
      )
      await must(kms, 'CreateAlias', { AliasName: `alias/${'a'.repeat(250)}`, TargetKeyId })
      await must(kms, 'CreateAlias', { AliasName: 'alias/awsome', TargetKeyId })
    })

    it('exist once, and not by chance', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      await must(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: a.KeyId })
      const exists = `AlreadyExistsException: An alias with the name ${aliasArnOf('alias/a')} already exists`
      const notFound = `NotFoundException: Alias ${aliasArnOf('alias/x')} is not found.`
      await checkRows(kms, [
        ['same key', 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: a.KeyId }, exists],
        ['other key', 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: b.KeyId }, exists],
        ['unknown', 'UpdateAlias', { AliasName: 'alias/x', TargetKeyId: b.KeyId }, notFound],
        ['unknown', 'DeleteAlias', { AliasName: 'alias/x' }, notFound],
        [
          'other case',
          'DeleteAlias',
          { AliasName: 'alias/A' },
          `NotFoundException: Alias ${aliasArnOf('alias/A')} is not found.`,
        ],
        ['to where it is', 'UpdateAlias', { AliasName: 'alias/a', TargetKeyId: a.KeyId }, 'ok'],
      ])
    })

    it('stay with one usage and one type of key', async () => {
      const kms = await open()
      const symmetric = await newKey(kms)
      const rsa = await plantRsa(kms)
      const signing = await plantRsa(kms, { keyUsage: 'SIGN_VERIFY' })
      const hmac = await plantHmac(kms)
      await must(kms, 'CreateAlias', { AliasName: 'alias/s', TargetKeyId: symmetric.KeyId })
      await must(kms, 'CreateAlias', { AliasName: 'alias/r', TargetKeyId: rsa.KeyId })
      const refused = (name: string, kind: string, from: string, to: string) =>
        `ValidationException: Alias ${name} cannot be changed from a CMK with ${kind} ${from} to a CMK with ${kind} ${to}. The ${kind} of the current CMK and the new CMK must be the same.`
      await checkRows(kms, [
        [
          'symmetric to RSA',
          'UpdateAlias',
          { AliasName: 'alias/s', TargetKeyId: rsa.KeyId },
          refused('alias/s', 'key type', 'symmetric', 'asymmetric'),
        ],
        [
          'symmetric to HMAC',
          'UpdateAlias',
          { AliasName: 'alias/s', TargetKeyId: hmac.KeyId },
          refused('alias/s', 'key type', 'symmetric', 'HMAC'),
        ],
        [
          'encryption to signing',
          'UpdateAlias',
          { AliasName: 'alias/r', TargetKeyId: signing.KeyId },
          refused('alias/r', 'key usage', 'ENCRYPT_DECRYPT', 'SIGN_VERIFY'),
        ],
      ])
    })

    it('are at most 50 for a key, whichever way they come', async () => {
      const kms = await open()
      const [full, other] = [await newKey(kms), await newKey(kms)]
      for (const i of range(50)) await must(kms, 'CreateAlias', { AliasName: `alias/${i}`, TargetKeyId: full.KeyId })
      await must(kms, 'CreateAlias', { AliasName: 'alias/other', TargetKeyId: other.KeyId })
      const quota = (n: number) =>
        `LimitExceededException: Aliases per key quota for this account in this region is 50, current usage is ${n}.`
      await checkRows(kms, [
        ['one more', 'CreateAlias', { AliasName: 'alias/50', TargetKeyId: full.KeyId }, quota(50)],
        ['one moved', 'UpdateAlias', { AliasName: 'alias/other', TargetKeyId: full.KeyId }, quota(50)],
        ['its own', 'UpdateAlias', { AliasName: 'alias/0', TargetKeyId: full.KeyId }, 'ok'],
        ['one away', 'UpdateAlias', { AliasName: 'alias/0', TargetKeyId: other.KeyId }, 'ok'],
        ['the last place', 'CreateAlias', { AliasName: 'alias/50', TargetKeyId: full.KeyId }, 'ok'],
        ['and no more', 'CreateAlias', { AliasName: 'alias/51', TargetKeyId: full.KeyId }, quota(50)],
        ['one less', 'DeleteAlias', { AliasName: 'alias/50' }, 'ok'],
        ['that place again', 'CreateAlias', { AliasName: 'alias/51', TargetKeyId: full.KeyId }, 'ok'],
      ])
      expect((await must(kms, 'ListAliases', { KeyId: full.KeyId, Limit: 100 })).Aliases).toHaveLength(50)
    })

    it('follow their key at each call', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      await must(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: a.KeyId })
      const seal = async () => (await must(kms, 'Encrypt', { KeyId: 'alias/a', Plaintext: bytes(1) })).KeyId
      expect(await seal()).toBe(a.arn)
      await must(kms, 'UpdateAlias', { AliasName: 'alias/a', TargetKeyId: b.KeyId })
      expect(await seal()).toBe(b.arn)
    })
  })
}
