import { describe, expect, it } from 'vitest'
import type { OutboxMessage } from '../../../src/keys/grant-records'
import { type Deliver, deliverOutbox, dropReceipts, takeMessage } from '../../../src/service/outbox'
import { accountId } from '../compose'
import { attempt, bytes, must, newKey, type Open, recordsOf, type TestKey, verdict } from './harness'
import { admit, carol, carolArn, identityPolicy, neighbours, sharedKey, theirId, theirRoot } from './neighbours'

type Sent = readonly [id: string, message: OutboxMessage]

/** Two accounts, and what is on its way to the other one, as it was sent. */
async function withMessages(open: Open) {
  const both = await neighbours(open, { p: identityPolicy() })
  const key = await sharedKey(both.ours, admit(theirId))
  const waiting = async () =>
    (await both.ours.storage.list('outbox', { limit: 100 })).map(({ id, value }): Sent => [id, value.message])
  const listed = async () =>
    (await must(both.theirs, 'ListRetirableGrants', { RetiringPrincipal: carolArn }, theirRoot)).Grants.length
  return { ...both, key, waiting, listed }
}

const grantFor = (key: TestKey) => ({
  KeyId: key.KeyId,
  GranteePrincipal: accountId,
  RetiringPrincipal: carolArn,
  Operations: ['Encrypt' as const],
})

export function outbox(open: Open): void {
  describe('messages to other accounts', () => {
    it('are kept with the call that sends them, and not with one that fails', async () => {
      const { ours, key, waiting } = await withMessages(open)
      await must(ours, 'CreateGrant', grantFor(key))
      expect(await verdict(ours, 'CreateGrant', { ...grantFor(key), DryRun: true })).toMatch(/^DryRun/)
      expect((await waiting()).map(([, { kind }]) => kind)).toEqual(['retirable'])
      await must(ours, 'DescribeKey', { KeyId: key.KeyId })
      await attempt(ours, 'DescribeKey', { KeyId: key.arn }, carol)
      await attempt(ours, 'CreateGrant', { ...grantFor(key), KeyId: key.arn, DryRun: true }, carol)
      expect((await waiting()).map(([, { kind }]) => kind).sort()).toEqual(['audit', 'audit', 'retirable'])
    })

    it('are taken once, however often they come', async () => {
      const { ours, theirs, key, deliver, waiting, listed } = await withMessages(open)
      await must(ours, 'CreateGrant', grantFor(key))
      await attempt(ours, 'Encrypt', { KeyId: key.arn, Plaintext: bytes(1) }, carol)
      const sent = await waiting()
      expect(sent).toHaveLength(2)
      // The sender hears nothing of a message that was taken, and sends it again.
      const lost: Deliver = async (...message) => {
        await deliver(...message)
        throw new Error('connection lost')
      }
      await expect(deliverOutbox(ours, lost)).rejects.toThrow('connection lost')
      expect(await waiting()).toHaveLength(2)
      for (const [id, message] of sent)
        await Promise.all([takeMessage(theirs, id, message), takeMessage(theirs, id, message)])
      ours.clock.ms += 30_000
      await deliverOutbox(ours, deliver)
      expect(await waiting()).toEqual([])
      expect(await recordsOf(theirs, 'Encrypt')).toHaveLength(1)
      expect(await listed()).toBe(1)
    })

    it('that cannot be delivered are tried again by the clock, and keep others from nothing', async () => {
      const { ours, key, deliver, waiting, listed } = await withMessages(open)
      for (const _ of [1, 2, 3]) await must(ours, 'CreateGrant', grantFor(key))
      const [bad] = await waiting()
      const tries: string[] = []
      const failing: Deliver = async (to, id, message) => {
        tries.push(id)
        if (id === bad?.[0]) throw new Error('unreachable')
        await deliver(to, id, message)
      }
      await expect(deliverOutbox(ours, failing)).rejects.toThrow('unreachable')
      expect(tries).toHaveLength(3)
      expect((await waiting()).map(([id]) => id)).toEqual([bad?.[0]])
      expect(await listed()).toBe(2)
      expect(await ours.storage.nextDueMs('outbox')).toBe(ours.clock.ms + 30_000)
      await deliverOutbox(ours, failing)
      expect(tries).toHaveLength(3)
      ours.clock.ms += 29_999
      await deliverOutbox(ours, failing)
      expect(tries).toHaveLength(3)
      ours.clock.ms += 1
      await expect(deliverOutbox(ours, failing)).rejects.toThrow('unreachable')
      expect(tries).toHaveLength(4)
      ours.clock.ms += 30_000
      expect(await deliverOutbox(ours, deliver)).toBe(false)
      expect(await waiting()).toEqual([])
      expect(await listed()).toBe(3)
    })

    it('may overtake each other: a grant that is gone does not come back', async () => {
      const { ours, theirs, key, waiting, listed } = await withMessages(open)
      const { GrantId } = await must(ours, 'CreateGrant', grantFor(key))
      const [born] = (await waiting()) as [Sent]
      await must(ours, 'RevokeGrant', { KeyId: key.KeyId, GrantId })
      const gone = (await waiting()).find(([id]) => id !== born[0]) as Sent
      await takeMessage(theirs, ...gone)
      expect(await listed()).toBe(0)
      await takeMessage(theirs, ...born)
      expect(await listed()).toBe(0)
      await takeMessage(theirs, ...gone)
      expect(await theirs.storage.list('retirable', { limit: 9 })).toEqual([])
    })

    it('are many, and go turn by turn', async () => {
      const { ours, key, deliver, waiting, listed } = await withMessages(open)
      for (let i = 0; i < 60; i++) await must(ours, 'CreateGrant', grantFor(key))
      expect(await deliverOutbox(ours, deliver)).toBe(true)
      expect(await waiting()).toHaveLength(10)
      expect(await deliverOutbox(ours, deliver)).toBe(false)
      expect(await waiting()).toEqual([])
      expect(await listed()).toBe(50)
    })

    it('are forgotten when they can no longer come again', async () => {
      const { ours, theirs, key, deliver } = await withMessages(open)
      const { GrantId } = await must(ours, 'CreateGrant', grantFor(key))
      await must(ours, 'RevokeGrant', { KeyId: key.KeyId, GrantId })
      await deliverOutbox(ours, deliver)
      const receipts = async () => (await theirs.storage.list('receipt', { limit: 9 })).length
      expect(await receipts()).toBe(3)
      expect(await dropReceipts(theirs)).toBe(false)
      expect(await receipts()).toBe(3)
      theirs.clock.advanceDays(7)
      await dropReceipts(theirs)
      expect(await receipts()).toBe(0)
    })

    it('are none where an account is alone', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const foreign = {
        KeyId,
        GranteePrincipal: accountId,
        RetiringPrincipal: `arn:aws:iam::${theirId}:root`,
        Operations: ['Encrypt' as const],
      }
      await must(kms, 'CreateGrant', foreign)
      await attempt(kms, 'DescribeKey', { KeyId }, carol)
      expect(await kms.storage.list('outbox', { limit: 9 })).toEqual([])
    })
  })
}
