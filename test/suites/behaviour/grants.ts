import { describe, expect, it } from 'vitest'
import { accountId } from '../compose'
import { alice, type GrantInput, grantIdsOf, rootArn, service, sourceArn, userArn, withGrantees } from './grant-harness'
import { attempt, checkRows, codeOf, must, newKey, type Open, range, recordsOf, trail } from './harness'

export function grants(open: Open): void {
  describe('grants', () => {
    it('of one name and the same terms are one, with a new token each time', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      const first = await grant({
        Name: 'n',
        Operations: ['Encrypt', 'Decrypt'],
        Constraints: { EncryptionContextSubset: { a: '1', b: '2' } },
      })
      const again = await grant({
        Name: 'n',
        Operations: ['Decrypt', 'Encrypt'],
        Constraints: { EncryptionContextSubset: { b: '2', a: '1' } },
      })
      expect(again.GrantId).toBe(first.GrantId)
      expect(again.GrantToken).not.toBe(first.GrantToken)
      expect(first.GrantId).toMatch(/^[0-9a-f]{64}$/)
      expect(first.GrantToken).toMatch(/^[A-Za-z0-9_-]{100,400}$/)
      const others = [
        await grant({ Name: 'n', Operations: ['Encrypt'] }),
        await grant({ Name: 'n', Operations: ['Encrypt', 'Decrypt'] }),
        await grant({ Name: 'n', GranteePrincipal: userArn('bob') }),
        await grant({ Name: 'n', RetiringPrincipal: userArn('bob') }),
        await grant({ Name: 'm' }),
        await grant(),
        await grant(),
      ]
      expect(new Set(grantIdsOf([first, ...others])).size).toBe(8)
      expect(await granted()).toHaveLength(8)
      const elsewhere = await newKey(kms)
      const there = await grant({ KeyId: elsewhere.KeyId, Name: 'm' } as Partial<GrantInput>)
      expect(grantIdsOf(others)).not.toContain(there.GrantId)
      await must(kms, 'RevokeGrant', { KeyId, GrantId: first.GrantId })
      expect((await grant({ Name: 'n', Operations: ['Encrypt'] })).GrantId).toBe(others[0]?.GrantId)
    })

    it('of calls at the same time are counted, named and ended once', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      const named = await Promise.all(range(5).map(() => grant({ Name: 'n' })))
      expect(new Set(grantIdsOf(named)).size).toBe(1)
      const others = await Promise.all(range(5).map(() => grant({ RetiringPrincipal: rootArn })))
      expect(new Set(grantIdsOf(others)).size).toBe(5)
      const tally = async () => (await kms.storage.read('grantTally', KeyId))?.value.count
      expect([(await granted()).length, await tally()]).toEqual([6, 6])
      const [{ GrantId, GrantToken }] = named as [(typeof named)[0]]
      const ends = await Promise.all([
        attempt(kms, 'RevokeGrant', { KeyId, GrantId }),
        attempt(kms, 'RetireGrant', { GrantToken }),
        attempt(kms, 'RetireGrant', { KeyId, GrantId }),
      ])
      expect(ends.map(codeOf).sort()).toEqual(['NotFoundException', 'NotFoundException', 'ok'])
      expect([(await granted()).length, await tally()]).toEqual([5, 5])
      expect(await kms.storage.list('grantName', { limit: 9 })).toEqual([])
    })

    it('show what they were made of', async () => {
      const { kms, KeyId, arn, grant, granted } = await withGrantees(open)
      const Constraints = { EncryptionContextEquals: { a: '1' }, SourceArn: sourceArn }
      const { GrantId } = await grant({ Name: 'n', RetiringPrincipal: accountId, Constraints })
      expect(await granted()).toEqual([
        {
          KeyId: arn,
          GrantId,
          Name: 'n',
          CreationDate: new Date(kms.clock.ms),
          GranteePrincipal: userArn('alice'),
          RetiringPrincipal: rootArn,
          IssuingAccount: rootArn,
          Operations: ['Encrypt'],
          Constraints,
        },
      ])
      await must(kms, 'RevokeGrant', { KeyId, GrantId })
      await grant({
        ...service,
        Constraints: { SourceArn: sourceArn },
        RetiringServicePrincipal: 'rds.amazonaws.com',
      } as object)
      expect(await granted()).toMatchObject([
        { GranteeServicePrincipal: 'rds.amazonaws.com', RetiringServicePrincipal: 'rds.amazonaws.com' },
      ])
      expect((await granted())[0]).not.toHaveProperty('GranteePrincipal')
    })

    it('come into being on enabled keys alone, and are listed and revoked in every state', async () => {
      const { kms, KeyId, arn, grant } = await withGrantees(open)
      const { GrantId } = await grant()
      await must(kms, 'DisableKey', { KeyId })
      const input = { KeyId, GranteePrincipal: userArn('alice'), Operations: ['Encrypt'] }
      await checkRows(kms, [
        ['disabled', 'CreateGrant', input, `DisabledException: ${arn} is disabled.`],
        [
          'disabled before what is wrong',
          'CreateGrant',
          { ...input, GranteePrincipal: 'x' },
          `DisabledException: ${arn} is disabled.`,
        ],
        ['disabled', 'ListGrants', { KeyId }, 'ok'],
      ])
      await must(kms, 'ScheduleKeyDeletion', { KeyId })
      await checkRows(kms, [
        ['pending', 'CreateGrant', input, `KMSInvalidStateException: ${arn} is pending deletion.`],
        ['pending', 'ListGrants', { KeyId }, 'ok'],
        ['pending', 'RevokeGrant', { KeyId, GrantId }, 'ok'],
        ['unknown', 'RevokeGrant', { KeyId, GrantId }, `NotFoundException: Grant ID ${GrantId} not found`],
      ])
    })

    it('are listed in pages, by filter, with markers of their own', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      const of = async (name: string, count: number) => {
        const ids = []
        for (const _ of range(count))
          ids.push((await grant({ GranteePrincipal: userArn(name), RetiringPrincipal: rootArn })).GrantId)
        return ids.sort()
      }
      const [ofAlice, ofBob] = [await of('alice', 3), await of('bob', 4)]
      const other = await newKey(kms)
      await must(kms, 'CreateGrant', { KeyId: other.KeyId, GranteePrincipal: rootArn, Operations: ['Encrypt'] })
      const pagesOf = async (operation: 'ListGrants' | 'ListRetirableGrants', input: object, Limit: number) => {
        const ids: (string | undefined)[] = []
        const sizes: number[] = []
        let Marker: string | undefined
        do {
          const page = await must(kms, operation, { ...input, Limit, Marker } as never)
          ids.push(...grantIdsOf(page.Grants))
          sizes.push(page.Grants.length)
          expect(page.Truncated).toBe(page.NextMarker !== undefined)
          Marker = page.NextMarker
        } while (Marker)
        return { ids, sizes }
      }
      const all = [...ofAlice, ...ofBob].sort()
      for (const limit of [1, 2, 7, 1000]) {
        expect((await pagesOf('ListGrants', { KeyId }, limit)).ids).toEqual(all)
        expect((await pagesOf('ListGrants', { KeyId, GranteePrincipal: userArn('bob') }, limit)).ids).toEqual(ofBob)
        expect((await pagesOf('ListRetirableGrants', { RetiringPrincipal: rootArn }, limit)).ids).toEqual(all)
        expect((await pagesOf('ListRetirableGrants', { RetiringPrincipal: accountId }, limit)).ids).toEqual(all)
      }
      expect((await pagesOf('ListGrants', { KeyId }, 3)).sizes).toEqual([3, 3, 1])
      const [GrantId] = ofAlice as [string]
      const one = async (over: object) => grantIdsOf((await must(kms, 'ListGrants', { KeyId, ...over })).Grants)
      expect(await one({ GrantId })).toEqual([GrantId])
      expect(await one({ GrantId, GranteePrincipal: userArn('alice') })).toEqual([GrantId])
      expect(await one({ GrantId, GranteePrincipal: userArn('bob') })).toEqual([])
      expect(await one({ GranteeServicePrincipal: 'rds.amazonaws.com' })).toEqual([])
      expect(grantIdsOf(await granted())).toEqual(all)

      const { NextMarker: Marker } = await must(kms, 'ListGrants', { KeyId, Limit: 1 })
      const bad = 'InvalidMarkerException: The marker is not valid.'
      await checkRows(kms, [
        ['its own', 'ListGrants', { KeyId, Marker }, 'ok'],
        ['another filter', 'ListGrants', { KeyId, Marker, GranteePrincipal: userArn('bob') }, bad],
        ['another key', 'ListGrants', { KeyId: other.KeyId, Marker }, bad],
        ['another listing', 'ListRetirableGrants', { RetiringPrincipal: rootArn, Marker }, bad],
        ['no marker', 'ListGrants', { KeyId, Marker: 'x' }, bad],
      ])
    })

    it('are at most 50,000 on one key', async () => {
      const { kms, KeyId, grant, granted } = await withGrantees(open)
      const named = await grant({ Name: 'n' })
      const tally = await kms.storage.read('grantTally', KeyId)
      const change = {
        collection: 'grantTally',
        id: KeyId,
        version: tally?.version ?? 0,
        value: { keyId: KeyId, count: 50_000 },
      } as const
      expect(await kms.storage.commit({ reads: [], changes: [change], appends: [] })).toBe(true)
      const input = { KeyId, GranteePrincipal: userArn('alice'), Operations: ['Encrypt'] }
      const full = 'LimitExceededException: Grants per key quota for this account in this region is 50000.'
      await checkRows(kms, [
        ['one more', 'CreateGrant', input, full],
        ['one more, dry', 'CreateGrant', { ...input, DryRun: true }, full],
        ['one that is there', 'CreateGrant', { ...input, Name: 'n' }, 'ok'],
      ])
      await must(kms, 'RevokeGrant', { KeyId, GrantId: named.GrantId })
      expect(await granted()).toHaveLength(0)
      await grant()
      expect((await kms.storage.read('grantTally', KeyId))?.value.count).toBe(50_000)
    })

    it('leave records without tokens', async () => {
      const { kms, KeyId, arn, grant } = await withGrantees(open)
      const tokens: string[] = []
      const { GrantId, GrantToken } = await grant({
        Name: 'secret-name',
        RetiringPrincipal: userArn('bob'),
        Operations: ['Encrypt', 'RetireGrant'],
      })
      const second = await grant({ GranteePrincipal: userArn('bob') })
      tokens.push(GrantToken, second.GrantToken)
      await must(kms, 'ListGrants', { KeyId, GrantId })
      await must(kms, 'ListRetirableGrants', { RetiringPrincipal: userArn('bob') })
      await must(kms, 'Encrypt', { KeyId, Plaintext: new Uint8Array(3), GrantTokens: [GrantToken] }, alice)
      await must(kms, 'RevokeGrant', { KeyId, GrantId: second.GrantId })
      await must(kms, 'RetireGrant', { GrantToken }, alice)
      const record = async (name: string) => (await recordsOf(kms, name)).at(0)
      expect(await record('CreateGrant')).toMatchObject({
        parameters: {
          keyId: KeyId,
          granteePrincipal: userArn('alice'),
          retiringPrincipal: userArn('bob'),
          operations: ['Encrypt', 'RetireGrant'],
        },
        response: { grantId: GrantId, keyId: arn },
        resources: [arn],
      })
      expect(await record('ListGrants')).toMatchObject({
        parameters: { keyId: KeyId, grantId: GrantId },
        response: null,
        resources: [arn],
      })
      expect(await record('ListRetirableGrants')).toMatchObject({
        parameters: { retiringPrincipal: userArn('bob') },
        response: null,
        resources: [],
      })
      expect(await record('RevokeGrant')).toMatchObject({
        parameters: { keyId: KeyId, grantId: second.GrantId },
        response: { keyId: arn },
        resources: [arn],
      })
      expect(await record('RetireGrant')).toMatchObject({
        parameters: null,
        response: { keyId: arn },
        resources: [arn],
      })
      expect((await record('Encrypt'))?.decision).toBe(`kms:Encrypt allowed by grant ${GrantId}`)
      expect((await record('RetireGrant'))?.decision).toBe(`kms:RetireGrant allowed by grant ${GrantId}`)
      const log = JSON.stringify(await trail(kms))
      for (const token of tokens) expect(log).not.toContain(token.slice(20, 60))
      expect(log).not.toContain('secret-name')
    })
  })
}
