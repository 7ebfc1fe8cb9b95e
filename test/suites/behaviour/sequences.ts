import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OperationName } from '../../../src/model/operations'
import { settleDue } from '../../../src/service/maintenance'
import type { TestKms } from '../compose'
import { attempt, bytes, codeOf, must, newKey, type Open, trail, unknownId } from './harness'

/** What a key is, as far as management goes. Days on the test's own calendar. */
interface ModelKey {
  state: 'Enabled' | 'Disabled' | 'PendingDeletion'
  description: string
  tags: Map<string, string>
  deleteOnDay: number
  materials: number
  rotation: { period: number; nextDay: number } | undefined
}

type Action =
  | { readonly do: 'create' }
  | { readonly do: 'wait'; readonly days: number }
  | { readonly do: 'settle' }
  | { readonly do: OperationName; readonly key: number; readonly other: number; readonly text: string }

const keyed: OperationName[] = [
  'EnableKey',
  'DisableKey',
  'UpdateKeyDescription',
  'ScheduleKeyDeletion',
  'CancelKeyDeletion',
  'CreateAlias',
  'UpdateAlias',
  'DeleteAlias',
  'TagResource',
  'UntagResource',
  'EnableKeyRotation',
  'DisableKeyRotation',
  'RotateKeyOnDemand',
  'Encrypt',
  'DescribeKey',
]

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ do: 'create' } as const) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.constantFrom(1, 6, 7, 50, 200) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'settle' } as const) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom(...keyed),
      key: fc.nat(2),
      other: fc.nat(2),
      text: fc.constantFrom('a', 'b', 'c'),
    }),
  },
)

const windowDays = 7
const periodDays = 90

/** The rules of management written down once more, without storage, cryptography or requests. */
class Model {
  day = 0
  /** By the order of creation; a key whose window has ended is gone. */
  readonly keys: (ModelKey | undefined)[] = []
  readonly aliases = new Map<string, number>()

  create(): void {
    this.keys.push({
      state: 'Enabled',
      description: '',
      tags: new Map(),
      deleteOnDay: 0,
      materials: 1,
      rotation: undefined,
    })
  }

  wait(days: number): void {
    this.day += days
    this.keys.forEach((key, i) => {
      if (key?.state === 'PendingDeletion' && key.deleteOnDay <= this.day) {
        this.keys[i] = undefined
        for (const [alias, owner] of this.aliases) if (owner === i) this.aliases.delete(alias)
      }
      if (key) this.rotateDue(key)
    })
  }

  private rotateDue(key: ModelKey): void {
    while (key.state === 'Enabled' && key.rotation && key.rotation.nextDay <= this.day) {
      key.materials++
      key.rotation.nextDay += key.rotation.period
    }
  }

  /** The code of the answer. */
  run({ do: operation, key: index, other, text }: Extract<Action, { key: number }>): string {
    const key = this.keys[index]
    const alias = `alias/${text}`
    if (operation === 'DeleteAlias') return this.aliases.delete(alias) ? 'ok' : 'NotFoundException'
    if (operation === 'UpdateAlias') return this.moveAlias(alias, other)
    if (!key) return 'NotFoundException'
    const onlyEnabled = ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand', 'Encrypt'].includes(operation)
    if (operation === 'CancelKeyDeletion') {
      if (key.state !== 'PendingDeletion') return 'KMSInvalidStateException'
      key.state = 'Disabled'
      return 'ok'
    }
    if (operation === 'DescribeKey') return 'ok'
    if (key.state === 'PendingDeletion') return 'KMSInvalidStateException'
    if (onlyEnabled && key.state === 'Disabled') return 'DisabledException'
    if (operation === 'CreateAlias') {
      if (this.aliases.has(alias)) return 'AlreadyExistsException'
      this.aliases.set(alias, index)
    }
    if (operation === 'EnableKey') this.enable(key)
    if (operation === 'DisableKey') key.state = 'Disabled'
    if (operation === 'UpdateKeyDescription') key.description = text
    if (operation === 'TagResource') key.tags.set(text, String(other))
    if (operation === 'UntagResource') key.tags.delete(text)
    if (operation === 'EnableKeyRotation') key.rotation ??= { period: periodDays, nextDay: this.day + periodDays }
    if (operation === 'DisableKeyRotation') key.rotation = undefined
    if (operation === 'RotateKeyOnDemand') key.materials++
    if (operation === 'ScheduleKeyDeletion') {
      key.state = 'PendingDeletion'
      key.deleteOnDay = this.day + windowDays
    }
    return 'ok'
  }

  private enable(key: ModelKey): void {
    if (key.state === 'Disabled' && key.rotation) key.rotation.nextDay = Math.max(key.rotation.nextDay, this.day)
    key.state = 'Enabled'
    this.rotateDue(key)
  }

  private moveAlias(alias: string, target: number): string {
    const key = this.keys[target]
    if (!key || !this.aliases.has(alias)) return 'NotFoundException'
    if (key.state === 'PendingDeletion') return 'KMSInvalidStateException'
    this.aliases.set(alias, target)
    return 'ok'
  }
}

const inputOf = (action: Extract<Action, { key: number }>, ids: readonly string[]): object => {
  const KeyId = ids[action.key] ?? unknownId
  const AliasName = `alias/${action.text}`
  switch (action.do) {
    case 'CreateAlias':
      return { AliasName, TargetKeyId: KeyId }
    case 'UpdateAlias':
      return { AliasName, TargetKeyId: ids[action.other] ?? unknownId }
    case 'DeleteAlias':
      return { AliasName }
    case 'UpdateKeyDescription':
      return { KeyId, Description: action.text }
    case 'TagResource':
      return { KeyId, Tags: [{ TagKey: action.text, TagValue: String(action.other) }] }
    case 'UntagResource':
      return { KeyId, TagKeys: [action.text] }
    case 'EnableKeyRotation':
      return { KeyId, RotationPeriodInDays: periodDays }
    case 'ScheduleKeyDeletion':
      return { KeyId, PendingWindowInDays: windowDays }
    case 'Encrypt':
      return { KeyId, Plaintext: bytes(1) }
    default:
      return { KeyId }
  }
}

async function expectSame(kms: TestKms, model: Model, ids: readonly string[]): Promise<void> {
  const alive = ids.filter((_, i) => model.keys[i])
  expect((await must(kms, 'ListKeys', {})).Keys.map((key) => key.KeyId)).toEqual([...alive].sort())
  const aliases = [...model.aliases].map(([AliasName, i]) => ({ AliasName, TargetKeyId: ids[i] }))
  aliases.sort((a, b) => (a.AliasName < b.AliasName ? -1 : 1))
  expect((await must(kms, 'ListAliases', {})).Aliases).toMatchObject(aliases)
  expect((await must(kms, 'ListAliases', {})).Aliases).toHaveLength(aliases.length)
  for (const [i, KeyId] of ids.entries()) {
    const key = model.keys[i]
    if (!key) continue
    const { KeyMetadata } = await must(kms, 'DescribeKey', { KeyId })
    expect(KeyMetadata).toMatchObject({ KeyState: key.state, Description: key.description })
    const { Tags } = await must(kms, 'ListResourceTags', { KeyId })
    expect(new Map(Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))).toEqual(key.tags)
    const all = await must(kms, 'ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
    expect(all.Rotations).toHaveLength(key.materials)
    const status = await must(kms, 'GetKeyRotationStatus', { KeyId })
    expect(status.KeyRotationEnabled).toBe(key.rotation !== undefined && key.state !== 'PendingDeletion')
    const row = await kms.storage.read('key', KeyId)
    expect(row?.value.aliasCount).toBe(aliases.filter((alias) => alias.TargetKeyId === KeyId).length)
  }
}

export function sequences(open: Open, numRuns: number): void {
  describe('any sequence of management operations', () => {
    it('has the answers and leaves the state of a simple model', async () => {
      const property = fc.asyncProperty(fc.array(actions, { minLength: 1, maxLength: 40 }), async (sequence) => {
        const kms = await open()
        const model = new Model()
        const ids: string[] = []
        let calls = 0
        for (const action of [{ do: 'create' } as const, ...sequence]) {
          if (action.do === 'create') {
            if (ids.length === 3) continue
            ids.push((await newKey(kms)).KeyId)
            model.create()
            calls++
          } else if (action.do === 'wait') {
            kms.clock.advanceDays(action.days)
            model.wait(action.days)
          } else if (action.do === 'settle') {
            await settleDue(kms)
          } else if ('key' in action) {
            const expected = model.run(action)
            expect(codeOf(await attempt(kms, action.do, inputOf(action, ids))), JSON.stringify(action)).toBe(expected)
            calls++
          }
        }
        expect((await trail(kms)).filter((entry) => entry.principal)).toHaveLength(calls)
        await expectSame(kms, model, ids)
        expect(kms.faults).toEqual([])
      })
      await fc.assert(property, { numRuns })
    })
  })
}
