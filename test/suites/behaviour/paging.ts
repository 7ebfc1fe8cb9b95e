import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import type { TestKms } from '../compose'
import { attempt, checkRows, invalid, must, newKey, type Open, outOfRange, range, told } from './harness'

interface Listing {
  readonly operation: OperationName
  readonly items: string
  readonly input: object
  readonly count: number
}

interface Page {
  readonly Truncated: boolean
  readonly NextMarker?: string
}

const listings = (KeyId: string): Listing[] => [
  { operation: 'ListKeys', items: 'Keys', input: {}, count: 5 },
  { operation: 'ListAliases', items: 'Aliases', input: {}, count: 6 },
  { operation: 'ListAliases', items: 'Aliases', input: { KeyId }, count: 5 },
  { operation: 'ListResourceTags', items: 'Tags', input: { KeyId }, count: 5 },
  { operation: 'ListKeyRotations', items: 'Rotations', input: { KeyId }, count: 5 },
  { operation: 'ListKeyPolicies', items: 'PolicyNames', input: { KeyId }, count: 1 },
]

/** A service in which every listing has something to list. */
async function filled(open: Open) {
  const kms = await open()
  const key = await newKey(kms, { Tags: range(5).map((i) => ({ TagKey: `schlüssel ${i}`, TagValue: `${i}` })) })
  const others = []
  for (const _ of range(4)) others.push(await newKey(kms))
  for (const i of range(5)) {
    await must(kms, 'CreateAlias', { AliasName: `alias/${i}`, TargetKeyId: key.KeyId })
    await must(kms, 'RotateKeyOnDemand', { KeyId: key.KeyId })
  }
  const [other] = others
  if (!other) throw new Error('no other key')
  await must(kms, 'CreateAlias', { AliasName: 'alias/other', TargetKeyId: other.KeyId })
  return { kms, KeyId: key.KeyId, other: other.KeyId }
}

async function pages(kms: TestKms, { operation, items, input }: Listing, Limit?: number) {
  const found: unknown[][] = []
  const markers: string[] = []
  let Marker: string | undefined
  do {
    const asked = { ...input, ...(Limit && { Limit }), ...(Marker && { Marker }) }
    const result = await attempt(kms, operation, asked)
    if (!result.ok) throw new Error(`${operation}: ${told(result)}`)
    const page = result.output as unknown as Page & Record<string, unknown[]>
    expect(page.Truncated).toBe('NextMarker' in page)
    found.push(page[items] as unknown[])
    Marker = page.NextMarker
    if (Marker) markers.push(Marker)
  } while (Marker)
  return { found, markers }
}

const markerBytes = 1024
const refused = 'InvalidMarkerException: The marker is not valid.'

export function paging(open: Open): void {
  describe('pages', () => {
    it('of every size give the whole listing, each item once, in the same order', async () => {
      const { kms, KeyId } = await filled(open)
      for (const listing of listings(KeyId)) {
        const whole = (await pages(kms, listing)).found.flat()
        expect(whole).toHaveLength(listing.count)
        for (const limit of [1, 2, listing.count, 1000]) {
          const { found, markers } = await pages(kms, listing, limit)
          expect(found.flat(), `${listing.operation} by ${limit}`).toEqual(whole)
          expect(found.slice(0, -1).every((page) => page.length === limit)).toBe(true)
          expect(markers.every((marker) => /^[A-Za-z0-9_-]+$/.test(marker) && marker.length <= markerBytes)).toBe(true)
        }
      }
    })

    it('have markers that show nothing, and are good for their own listing alone', async () => {
      const { kms, KeyId, other } = await filled(open)
      const rows = []
      const all = listings(KeyId).filter(({ count }) => count > 1)
      const foreign = [
        ...all,
        ...listings(other).filter(({ input }) => 'KeyId' in input),
        {
          operation: 'ListKeyRotations',
          items: 'Rotations',
          input: { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' },
          count: 6,
        },
      ] as const
      for (const listing of all) {
        const [Marker = ''] = (await pages(kms, listing, 2)).markers
        expect(atob(Marker.replaceAll('-', '+').replaceAll('_', '/'))).not.toMatch(/alias|schl|[0-9a-f]{8}-/)
        for (const [i, { operation, input }] of foreign.entries()) {
          const same = JSON.stringify([operation, input]) === JSON.stringify([listing.operation, listing.input])
          const what = `${i} by the marker of ${listing.operation} ${JSON.stringify(listing.input)}`
          rows.push([what, operation, { ...input, Marker }, same ? 'ok' : refused] as const)
        }
      }
      await checkRows(kms, rows)
    })

    it('have markers of which no character may change', async () => {
      const { kms, KeyId } = await filled(open)
      for (const listing of listings(KeyId).slice(0, 3)) {
        const [marker = ''] = (await pages(kms, listing, 2)).markers
        const spoilt = [
          ...range(marker.length).map(
            (i) => marker.slice(0, i) + (marker[i] === 'A' ? 'B' : 'A') + marker.slice(i + 1),
          ),
          ...range(marker.length)
            .map((i) => marker.slice(0, i))
            .slice(1),
          ...[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map(
            (last) => marker.slice(0, -1) + last,
          ),
          `${marker}A`,
          `${marker}=`,
          ` ${marker}`,
          'x',
          'alias/0',
        ].filter((candidate) => candidate !== marker)
        const answers = await Promise.all(
          spoilt.map((Marker) => attempt(kms, listing.operation, { ...listing.input, Marker })),
        )
        expect(answers.map(told).filter((answer) => answer !== refused)).toEqual([])
      }
      expect(kms.faults).toEqual([])
    })

    it('have limits: out of the model refused, above the documented maximum capped', async () => {
      const kms = await open()
      const key = await newKey(kms)
      const { KeyId } = key
      const keyed = ['ListAliases', 'ListResourceTags', 'ListKeyRotations', 'ListKeyPolicies'] as const
      await checkRows(
        kms,
        (['ListKeys', ...keyed] as const).flatMap((operation) => [
          ['0', operation, { KeyId, Limit: 0 }, invalid(outOfRange(0, 'limit', 'greater than or equal to 1'))] as const,
          [
            '1001',
            operation,
            { KeyId, Limit: 1001 },
            invalid(outOfRange(1001, 'limit', 'less than or equal to 1000')),
          ] as const,
          ['1000', operation, { KeyId, Limit: 1000 }, 'ok'] as const,
        ]),
      )
      for (const [i, target] of [key, await newKey(kms), await newKey(kms)].entries()) {
        for (const n of range(35)) {
          await must(kms, 'CreateAlias', { AliasName: `alias/${i}-${n}`, TargetKeyId: target.KeyId })
        }
      }
      const sizes = async (Limit?: number) =>
        (await must(kms, 'ListAliases', { ...(Limit && { Limit }) })).Aliases.length
      expect([await sizes(), await sizes(99), await sizes(100), await sizes(1000)]).toEqual([50, 99, 100, 100])
    })

    it('go on where they were while the listing changes', async () => {
      const { kms } = await filled(open)
      const first = await must(kms, 'ListAliases', { Limit: 3 })
      expect(first.Aliases.map((one) => one.AliasName)).toEqual(['alias/0', 'alias/1', 'alias/2'])
      await must(kms, 'DeleteAlias', { AliasName: 'alias/2' })
      await must(kms, 'DeleteAlias', { AliasName: 'alias/3' })
      const second = await must(kms, 'ListAliases', { Limit: 3, Marker: first.NextMarker })
      expect(second.Aliases.map((one) => one.AliasName)).toEqual(['alias/4', 'alias/other'])
    })

    it('leave out what is deleted without ending early', async () => {
      const kms = await open()
      const keys = (await Promise.all(range(9).map(() => newKey(kms)))).map(({ KeyId }) => KeyId).sort()
      for (const KeyId of keys.slice(0, 7)) {
        await must(kms, 'CreateAlias', { AliasName: `alias/${KeyId}`, TargetKeyId: KeyId })
        await must(kms, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
      }
      await must(kms, 'CreateAlias', { AliasName: 'alias/z', TargetKeyId: keys[8] as string })
      kms.clock.advanceDays(7)
      const left = await must(kms, 'ListKeys', { Limit: 2 })
      expect(left.Keys.map((one) => one.KeyId)).toEqual(keys.slice(7))
      expect(left.Truncated).toBe(false)
      expect((await must(kms, 'ListAliases', { Limit: 1 })).Aliases).toMatchObject([{ AliasName: 'alias/z' }])
    })
  })
}
