import { describe, expect, it } from 'vitest'
import type { TestKms } from '../compose'
import { yielding } from '../yielding'
import { attempt, bytes, codeOf, must, newKey, type Open, range, trail } from './harness'

const countBy = (codes: readonly string[]) => {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

/** The alias counts that the keys hold, beside those that can be counted. */
async function expectCountsRight(kms: TestKms): Promise<void> {
  const aliases = await kms.storage.list('alias', { limit: 1000 })
  const counted = countBy(aliases.map(({ value }) => value.keyId))
  for (const { value } of await kms.storage.list('key', { limit: 1000 })) {
    expect(value.aliasCount).toBe(counted[value.keyId] ?? 0)
  }
}

/** Over a crypto port that yields a timer turn per call, so that calls do interleave in every runtime. */
export function concurrency(open: Open): void {
  const openYielding = () => open(yielding)

  describe('calls at the same time', () => {
    it('make an alias once', async () => {
      const kms = await openYielding()
      const keys = await Promise.all(range(5).map(() => newKey(kms)))
      const results = await Promise.all(
        range(50).map((i) => attempt(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: keys[i % 5]?.KeyId })),
      )
      expect(countBy(results.map(codeOf))).toEqual({ ok: 1, AlreadyExistsException: 49 })
      await expectCountsRight(kms)
      expect((await trail(kms)).filter((entry) => entry.eventName === 'CreateAlias')).toHaveLength(50)
    })

    it('make no more aliases than the quota', async () => {
      const kms = await openYielding()
      const { KeyId } = await newKey(kms)
      const results = await Promise.all(
        range(60).map((i) => attempt(kms, 'CreateAlias', { AliasName: `alias/${i}`, TargetKeyId: KeyId })),
      )
      expect(countBy(results.map(codeOf))).toEqual({ ok: 50, LimitExceededException: 10 })
      expect((await must(kms, 'ListAliases', { KeyId, Limit: 100 })).Aliases).toHaveLength(50)
      await expectCountsRight(kms)
    })

    it('keep the counts right when aliases move and go', async () => {
      const kms = await openYielding()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      for (const i of range(20)) await must(kms, 'CreateAlias', { AliasName: `alias/${i}`, TargetKeyId: a.KeyId })
      const results = await Promise.all(
        range(20).flatMap((i) => [
          attempt(kms, 'UpdateAlias', { AliasName: `alias/${i}`, TargetKeyId: b.KeyId }),
          attempt(kms, 'DeleteAlias', { AliasName: `alias/${i}` }),
          attempt(kms, 'UpdateAlias', { AliasName: `alias/${i}`, TargetKeyId: a.KeyId }),
        ]),
      )
      const codes = results.map(codeOf)
      expect(codes.filter((_, i) => i % 3 === 1)).toEqual(range(20).map(() => 'ok'))
      expect(codes.every((code) => code === 'ok' || code === 'NotFoundException')).toBe(true)
      expect(await kms.storage.list('alias', { limit: 9 })).toEqual([])
      await expectCountsRight(kms)
    })

    it('encrypt nothing once DisableKey has answered', async () => {
      const kms = await openYielding()
      const { KeyId, arn } = await newKey(kms)
      let disabled = false
      const late: string[] = []
      const encrypt = async () => {
        const startedLate = disabled
        const result = await attempt(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
        if (startedLate && result.ok) late.push('ok')
        return result
      }
      const disable = async () => {
        await must(kms, 'DisableKey', { KeyId })
        disabled = true
      }
      const work = [...range(20).map(encrypt), disable(), ...range(20).map(encrypt)]
      await Promise.all(work)
      const after = await Promise.all(range(10).map(encrypt))
      expect(countBy(after.map(codeOf))).toEqual({ DisabledException: 10 })
      expect(late).toEqual([])
      // In the order of the log, too: whatever was sealed stands before the call that disabled the key.
      const names = (await trail(kms)).filter((entry) => entry.resources?.includes(arn) && !entry.error)
      const at = names.findIndex((entry) => entry.eventName === 'DisableKey')
      expect(names.slice(at).filter((entry) => entry.eventName === 'Encrypt')).toEqual([])
    })

    it('rotate on demand no more often than the limit', async () => {
      const kms = await openYielding()
      const { KeyId } = await newKey(kms)
      const results = await Promise.all(range(30).map(() => attempt(kms, 'RotateKeyOnDemand', { KeyId })))
      expect(countBy(results.map(codeOf))).toEqual({ ok: 25, LimitExceededException: 5 })
      expect((await must(kms, 'ListKeyRotations', { KeyId })).Rotations).toHaveLength(25)
      expect(await kms.storage.list('material', { owner: KeyId, limit: 99 })).toHaveLength(26)
    })

    it('settle one due rotation once', async () => {
      const kms = await openYielding()
      const { KeyId } = await newKey(kms)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      kms.clock.advanceDays(90)
      const sealed = await Promise.all(range(20).map(() => must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })))
      expect((await must(kms, 'ListKeyRotations', { KeyId })).Rotations).toHaveLength(1)
      const opened = await Promise.all(sealed.map(({ CiphertextBlob }) => must(kms, 'Decrypt', { CiphertextBlob })))
      expect(new Set(opened.map((one) => one.KeyMaterialId)).size).toBe(1)
      expect((await trail(kms)).filter((entry) => entry.eventName === 'RotateKey')).toHaveLength(1)
    })

    it('lose no tag', async () => {
      const kms = await openYielding()
      const { KeyId } = await newKey(kms)
      const tagged = range(40).map((i) =>
        attempt(kms, 'TagResource', { KeyId, Tags: [{ TagKey: `t${i}`, TagValue: '' }] }),
      )
      expect(countBy((await Promise.all(tagged)).map(codeOf))).toEqual({ ok: 40 })
      expect((await must(kms, 'ListResourceTags', { KeyId })).Tags).toHaveLength(40)
      expect(kms.faults).toEqual([])
    })
  })
}
