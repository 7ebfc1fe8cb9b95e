import { describe, expect, it } from 'vitest'
import { settleDue } from '../../../src/service/maintenance'
import { startMs, type TestKms } from '../compose'
import { aliasArnOf, bytes, checkRows, must, newKey, type Open, range, recordsOf, type TestKey, trail } from './harness'
import { unknownCiphertextKey } from './identifiers'

const dayMs = 86_400_000

async function doomed(kms: TestKms): Promise<TestKey & { readonly blob: Bytes }> {
  const key = await newKey(kms)
  const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: key.KeyId, Plaintext: bytes(1) })
  await must(kms, 'RotateKeyOnDemand', { KeyId: key.KeyId })
  await must(kms, 'CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: key.KeyId })
  return { ...key, blob: CiphertextBlob }
}

export function deletion(open: Open): void {
  describe('deletion', () => {
    it.each([
      ['7 days', { PendingWindowInDays: 7 }, 7],
      ['30 days unless said otherwise', {}, 30],
    ])('is announced: %s', async (_, input, days) => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const DeletionDate = new Date(startMs + days * dayMs)
      expect(await must(kms, 'ScheduleKeyDeletion', { KeyId, ...input })).toEqual({
        KeyId: arn,
        DeletionDate,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: days,
      })
      const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId })
      expect(KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion', Enabled: false, DeletionDate })
    })

    it('can be cancelled until its last millisecond, and leaves the key disabled', async () => {
      const kms = await open()
      const key = await doomed(kms)
      await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
      kms.clock.ms += 7 * dayMs - 1
      await settleDue(kms)
      expect(await must(kms, 'CancelKeyDeletion', { KeyId: key.KeyId })).toEqual({ KeyId: key.arn })
      const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId: key.KeyId })
      expect(KeyMetadata).toMatchObject({ KeyState: 'Disabled', Enabled: false })
      expect('DeletionDate' in KeyMetadata).toBe(false)
      kms.clock.advanceDays(100)
      await settleDue(kms)
      await must(kms, 'EnableKey', { KeyId: key.KeyId })
      expect((await must(kms, 'Decrypt', { CiphertextBlob: key.blob })).Plaintext).toEqual(bytes(1))
    })

    /** What has to hold from the end of the window on, whether or not the physical work is done. */
    async function expectGone(kms: TestKms, key: TestKey & { readonly blob: Bytes }): Promise<void> {
      const notFound = `NotFoundException: Key '${key.arn}' does not exist`
      const noAlias = `NotFoundException: Alias ${aliasArnOf('alias/doomed')} is not found.`
      const { KeyId } = key
      await checkRows(kms, [
        ['gone', 'DescribeKey', { KeyId }, notFound],
        ['gone by alias', 'DescribeKey', { KeyId: 'alias/doomed' }, noAlias],
        ['gone', 'CancelKeyDeletion', { KeyId }, notFound],
        ['gone', 'ScheduleKeyDeletion', { KeyId }, notFound],
        ['gone', 'ListKeyRotations', { KeyId }, notFound],
        ['gone', 'GetKeyLastUsage', { KeyId }, notFound],
        ['gone', 'ListAliases', { KeyId }, notFound],
        ['gone', 'Encrypt', { KeyId, Plaintext: bytes(1) }, notFound],
        ['unnamed', 'Decrypt', { CiphertextBlob: key.blob }, unknownCiphertextKey],
        ['named', 'Decrypt', { CiphertextBlob: key.blob, KeyId }, notFound],
        ['alias gone', 'DeleteAlias', { AliasName: 'alias/doomed' }, noAlias],
        ['alias gone', 'UpdateAlias', { AliasName: 'alias/doomed', TargetKeyId: (await newKey(kms)).KeyId }, noAlias],
      ])
      expect((await must(kms, 'ListAliases', {})).Aliases).toEqual([])
      expect((await must(kms, 'ListKeys', {})).Keys.map((one) => one.KeyId)).not.toContain(KeyId)
    }

    it('is exact: at the end of the window the key does not exist, before any alarm', async () => {
      const kms = await open()
      const key = await doomed(kms)
      await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
      kms.clock.advanceDays(7)
      await expectGone(kms, key)
    })

    it('is real: material, aliases and the key itself leave the store, and the log says so', async () => {
      const kms = await open()
      const key = await doomed(kms)
      const survivor = await newKey(kms)
      await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
      kms.clock.advanceDays(7)
      expect(await settleDue(kms)).toBe(false)
      expect(await kms.storage.read('key', key.KeyId)).toBeUndefined()
      expect(await kms.storage.list('material', { owner: key.KeyId, limit: 9 })).toEqual([])
      expect(await kms.storage.list('alias', { limit: 9 })).toEqual([])
      expect((await kms.storage.list('key', { limit: 9 })).map(({ id }) => id)).toEqual([survivor.KeyId])
      expect(await kms.storage.list('material', { owner: survivor.KeyId, limit: 9 })).toHaveLength(1)
      expect(await recordsOf(kms, 'DeleteKey')).toMatchObject([
        { principal: null, parameters: null, response: { keyId: key.arn }, resources: [key.arn] },
      ])
      expect((await recordsOf(kms, 'DeleteKey'))[0]).not.toHaveProperty('requestId')
      await expectGone(kms, key)
      await settleDue(kms)
      expect(await recordsOf(kms, 'DeleteKey')).toHaveLength(1)
    })

    it('gives an alias free at once, which then stays with its new key', async () => {
      const kms = await open()
      const key = await doomed(kms)
      await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
      kms.clock.advanceDays(7)
      const heir = await newKey(kms)
      await must(kms, 'CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: heir.KeyId })
      await settleDue(kms)
      expect((await must(kms, 'DescribeKey', { KeyId: 'alias/doomed' })).KeyMetadata.Arn).toBe(heir.arn)
      expect(await kms.storage.read('key', key.KeyId)).toBeUndefined()
    })

    it('does more than one turn holds in several, soonest first', async () => {
      const kms = await open()
      const keys = await Promise.all(range(60).map(() => newKey(kms)))
      for (const { KeyId } of keys) await must(kms, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
      kms.clock.advanceDays(7)
      expect(await settleDue(kms)).toBe(true)
      expect(await kms.storage.list('key', { limit: 100 })).toHaveLength(10)
      expect(await settleDue(kms)).toBe(false)
      expect(await kms.storage.list('key', { limit: 100 })).toEqual([])
      expect(await kms.storage.list('material', { limit: 100 })).toEqual([])
      expect(await recordsOf(kms, 'DeleteKey')).toHaveLength(60)
    })

    it('interrupted anywhere is finished by the next turn', async () => {
      for (const failAt of range(3)) {
        const kms = await open()
        const key = await doomed(kms)
        await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
        kms.clock.advanceDays(7)
        let commits = 0
        const commit: TestKms['storage']['commit'] = async (one) => {
          if (commits++ === failAt) throw new Error('injected fault')
          return kms.storage.commit(one)
        }
        const storage = Object.assign(Object.create(kms.storage) as TestKms['storage'], { commit })
        await expect(settleDue({ ...kms, storage })).rejects.toThrow('injected fault')
        await expectGone(kms, key)
        await settleDue(kms)
        expect(await kms.storage.read('key', key.KeyId)).toBeUndefined()
        expect(await kms.storage.list('material', { owner: key.KeyId, limit: 9 })).toEqual([])
        expect((await trail(kms)).filter((entry) => entry.eventName === 'DeleteKey')).toHaveLength(1)
      }
    })
  })
}
