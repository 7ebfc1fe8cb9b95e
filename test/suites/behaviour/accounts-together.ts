import { describe, expect, it } from 'vitest'
import { renderRecord } from '../../../src/audit/cloudtrail'
import type { AuditEntry } from '../../../src/ports/audit'
import { settleDue } from '../../../src/service/maintenance'
import { performReEncryptBetween } from '../../../src/service/perform'
import { accountId, type TestKms } from '../compose'
import { arnOf, attempt, bytes, must, newKey, type Open, recordsOf, told, trail, unknownId, verdict } from './harness'
import { unknownCiphertextKey } from './identifiers'
import {
  absentOrDenied,
  admit,
  carol,
  carolArn,
  encryptedBy,
  identityPolicy,
  neighbours,
  rootArnOf,
  sharedKey,
  theirId,
  theirRoot,
} from './neighbours'

const Plaintext = bytes(1, 2, 3)

/** ReEncrypt by carol, from a key of one service to a key of the other. */
const between = (from: TestKms, to: TestKms, input: object, principal: typeof carol | typeof theirRoot = carol) =>
  performReEncryptBetween(from, to, {
    principal,
    operation: 'ReEncrypt',
    body: { input },
    requestId: crypto.randomUUID(),
  })

const last = async (kms: TestKms) => (await trail(kms)).at(-1) as AuditEntry

export function accountsTogether(open: Open): void {
  describe('two accounts', () => {
    it('each have their record of a call, with an id of its own and one in common', async () => {
      const { ours, theirs, deliverAll } = await neighbours(open, { 'her policy': identityPolicy() })
      const { KeyId, arn } = await sharedKey(ours, admit(theirId, { Sid: 'OurSid' }))
      await must(ours, 'DescribeKey', { KeyId })
      expect(await verdict(ours, 'Encrypt', { KeyId: arn, Plaintext }, carol)).toBe('ok')
      expect(await verdict(ours, 'DisableKey', { KeyId: arn }, carol)).toBe(absentOrDenied('DisableKey'))
      expect(await trail(theirs)).toEqual([])
      await deliverAll()
      for (const eventName of ['Encrypt', 'DisableKey']) {
        const [here, there] = [(await recordsOf(ours, eventName))[0], (await recordsOf(theirs, eventName))[0]] as [
          AuditEntry,
          AuditEntry,
        ]
        expect(here.sharedEventId).toMatch(/^[0-9a-f-]{36}$/)
        expect(there.eventId).not.toBe(here.eventId)
        const { decision: _, resources, ...same } = here
        const shown = eventName === 'Encrypt' ? { resources } : {}
        expect(there).toEqual({ ...same, ...shown, eventId: there.eventId })
      }
      // Neither account reads the other's policies in its log.
      const logs = [JSON.stringify(await trail(ours)), JSON.stringify(await trail(theirs))]
      expect(logs[0]).not.toContain('her policy')
      expect(logs[1]).not.toContain('OurSid')
      expect(await recordsOf(theirs, 'DescribeKey')).toEqual([])
      const [here, there] = [(await recordsOf(ours, 'Encrypt'))[0], (await recordsOf(theirs, 'Encrypt'))[0]] as [
        AuditEntry,
        AuditEntry,
      ]
      expect(renderRecord(here, ours.home)).toMatchObject({
        userIdentity: { type: 'AWSAccount', accountId: theirId },
        recipientAccountId: accountId,
        resources: [{ accountId, ARN: arn }],
        sharedEventID: here.sharedEventId,
      })
      expect(renderRecord(there, theirs.home)).toMatchObject({
        userIdentity: { type: 'IAMUser', arn: carolArn },
        recipientAccountId: theirId,
        resources: [{ accountId, ARN: arn }],
        sharedEventID: here.sharedEventId,
      })
    })

    it('show the caller’s account no difference between a key that is kept from it and none', async () => {
      const { ours, theirs, deliverAll } = await neighbours(open)
      const { arn } = await newKey(ours)
      for (const KeyId of [arn, arnOf(unknownId)])
        expect(await verdict(ours, 'Encrypt', { KeyId, Plaintext }, carol)).toBe(absentOrDenied('Encrypt'))
      await deliverAll()
      const plain = (await recordsOf(theirs, 'Encrypt')).map(
        ({ eventId: _, requestId: __, sharedEventId: ___, ...rest }) => ({
          ...rest,
          parameters: { ...rest.parameters, keyId: '' },
        }),
      )
      expect(plain).toHaveLength(2)
      expect(plain[0]).toEqual(plain[1])
    })

    it('re-encrypt between their keys, each half decided and on record at home', async () => {
      const { ours, theirs, directory, deliverAll } = await neighbours(open, { p: identityPolicy() })
      const shared = await sharedKey(ours, admit(theirId))
      const kept = await newKey(ours)
      const own = await newKey(theirs)
      const [there, closed] = [
        await encryptedBy(ours, shared.KeyId, Plaintext),
        await encryptedBy(ours, kept.KeyId, Plaintext),
      ]
      const here = await encryptedBy(theirs, own.KeyId, Plaintext)

      const homeward = await between(ours, theirs, { CiphertextBlob: there, DestinationKeyId: own.KeyId })
      expect(homeward).toMatchObject({ ok: true, output: { SourceKeyId: shared.arn, KeyId: own.arn } })
      const abroad = await between(theirs, ours, { CiphertextBlob: here, DestinationKeyId: shared.arn })
      expect(abroad).toMatchObject({ ok: true, output: { SourceKeyId: own.arn, KeyId: shared.arn } })
      const [back, out] = [homeward, abroad].map((result) =>
        result.ok ? (result.output.CiphertextBlob as Bytes) : bytes(),
      )
      expect((await must(theirs, 'Decrypt', { CiphertextBlob: back as Bytes })).Plaintext).toEqual(Plaintext)
      expect((await must(ours, 'Decrypt', { CiphertextBlob: out as Bytes })).Plaintext).toEqual(Plaintext)

      const records = [(await recordsOf(ours, 'ReEncrypt'))[0], (await recordsOf(theirs, 'ReEncrypt'))[0]] as [
        AuditEntry,
        AuditEntry,
      ]
      expect(records[0].sharedEventId).toMatch(/^[0-9a-f-]{36}$/)
      expect(records[0].sharedEventId).toBe(records[1].sharedEventId)
      expect(records[0].eventId).not.toBe(records[1].eventId)
      expect(records.map(({ resources }) => resources)).toEqual([[shared.arn], [own.arn]])
      await deliverAll()
      // Each account has one record of each call, though both are told of both.
      expect((await recordsOf(ours, 'ReEncrypt')).length).toBe(2)
      expect((await recordsOf(theirs, 'ReEncrypt')).length).toBe(2)

      const refusals: [string, TestKms, TestKms, object, string][] = [
        ['source kept', ours, theirs, { CiphertextBlob: closed, DestinationKeyId: own.KeyId }, unknownCiphertextKey],
        [
          'source kept, no destination',
          ours,
          theirs,
          { CiphertextBlob: closed, DestinationKeyId: 'x' },
          unknownCiphertextKey,
        ],
        [
          'source kept, named',
          ours,
          theirs,
          { CiphertextBlob: closed, SourceKeyId: kept.arn, DestinationKeyId: own.KeyId },
          absentOrDenied('ReEncryptFrom'),
        ],
        [
          'no source',
          ours,
          theirs,
          { CiphertextBlob: closed, SourceKeyId: arnOf(unknownId), DestinationKeyId: own.KeyId },
          absentOrDenied('ReEncryptFrom'),
        ],
        [
          'destination kept',
          theirs,
          ours,
          { CiphertextBlob: here, DestinationKeyId: kept.arn },
          absentOrDenied('ReEncryptTo'),
        ],
        [
          'no destination',
          theirs,
          ours,
          { CiphertextBlob: here, DestinationKeyId: arnOf(unknownId) },
          absentOrDenied('ReEncryptTo'),
        ],
      ]
      for (const [what, from, to, input, expected] of refusals)
        expect(told(await between(from, to, input)), what).toBe(expected)
      directory.add(carol)
      const unallowed =
        /^AccessDeniedException: .*ReEncryptFrom on resource: .* because no identity-based policy allows/
      for (const DestinationKeyId of [kept.arn, arnOf(unknownId)]) {
        expect(told(await between(theirs, ours, { CiphertextBlob: here, DestinationKeyId }))).toMatch(unallowed)
      }
      expect([...ours.faults, ...theirs.faults]).toEqual([])
    })

    it('find in their own listing what others let them retire', async () => {
      const { ours, theirs, directory, deliverAll } = await neighbours(open)
      const { KeyId, arn } = await newKey(ours)
      const doomed = await newKey(ours)
      const grant = async (key: string, RetiringPrincipal: string) =>
        must(ours, 'CreateGrant', {
          KeyId: key,
          GranteePrincipal: accountId,
          RetiringPrincipal,
          Operations: ['Encrypt'],
        })
      const [first, second, third] = [
        await grant(KeyId, carolArn),
        await grant(KeyId, carolArn),
        await grant(doomed.KeyId, carolArn),
      ]
      const ofRoot = await grant(KeyId, rootArnOf(theirId))
      const listed = async (RetiringPrincipal = carolArn) => {
        await deliverAll()
        const { Grants } = await must(theirs, 'ListRetirableGrants', { RetiringPrincipal }, theirRoot)
        return Grants.map(({ GrantId = '' }) => GrantId).sort()
      }
      const ids = (...grants: { GrantId: string }[]) => grants.map(({ GrantId }) => GrantId).sort()
      expect(await listed()).toEqual(ids(first, second, third))
      expect(await listed(rootArnOf(theirId))).toEqual(ids(ofRoot))
      const { Grants } = await must(theirs, 'ListRetirableGrants', { RetiringPrincipal: rootArnOf(theirId) }, theirRoot)
      expect(Grants).toMatchObject([
        { KeyId: arn, IssuingAccount: rootArnOf(accountId), RetiringPrincipal: rootArnOf(theirId) },
      ])
      // Nobody looks into another account's listing.
      expect(await verdict(ours, 'ListRetirableGrants', { RetiringPrincipal: carolArn })).toMatch(
        /^AccessDeniedException/,
      )

      expect(await verdict(ours, 'RetireGrant', { GrantToken: first.GrantToken }, carol)).toBe('ok')
      expect(await listed()).toEqual(ids(second, third))
      await must(ours, 'RevokeGrant', { KeyId, GrantId: second.GrantId })
      expect(await listed()).toEqual(ids(third))
      await must(ours, 'ScheduleKeyDeletion', { KeyId: doomed.KeyId, PendingWindowInDays: 7 })
      for (const service of [ours, theirs]) service.clock.advanceDays(7)
      await settleDue(ours)
      expect(await listed()).toEqual([])

      // The account that is named retires by its identity policies.
      const retire = () => attempt(ours, 'RetireGrant', { KeyId: arn, GrantId: ofRoot.GrantId }, carol)
      expect(told(await retire())).toMatch(
        /^AccessDeniedException: .* because no identity-based policy allows the kms:RetireGrant action$/,
      )
      directory.add(carol, { policies: { p: identityPolicy({ Action: 'kms:RetireGrant' }) } })
      expect(told(await retire())).toBe('ok')
      expect(await listed(rootArnOf(theirId))).toEqual([])
      expect((await last(ours)).eventName).toBe('RetireGrant')
    })
  })
}
