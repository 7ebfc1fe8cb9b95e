import type { KeyRecord } from './records'

export const dayMs = 86_400_000

/** When automatic rotations fell due, oldest first, up to `nowMs`. None for a key that is not Enabled. */
export function dueRotations(key: KeyRecord, nowMs: number): number[] {
  const due: number[] = []
  if (key.state !== 'Enabled' || !key.rotation) return due
  const periodMs = key.rotation.periodDays * dayMs
  for (let atMs = key.rotation.nextAtMs; atMs <= nowMs && due.length < maxRotationsAtOnce; atMs += periodMs)
    due.push(atMs)
  return due
}

/** How many missed rotations one call makes up for: a bound on its work; the rest follows with the next call. */
const maxRotationsAtOnce = 50

/** The state after EnableKey: a rotation that fell due while the key was disabled happens at once, and only once. */
export function enabled(key: KeyRecord, nowMs: number): KeyRecord {
  if (key.state === 'Enabled') return key
  const rotation = key.rotation && key.rotation.nextAtMs < nowMs ? { ...key.rotation, nextAtMs: nowMs } : key.rotation
  return { ...key, state: 'Enabled', ...(rotation ? { rotation } : {}) }
}

/** Whether the deletion window has ended: such a key does not exist any more, whether or not its row was removed yet. */
export const isDeleted = (key: KeyRecord, nowMs: number): boolean =>
  key.state === 'PendingDeletion' && key.deleteAtMs !== undefined && key.deleteAtMs <= nowMs
