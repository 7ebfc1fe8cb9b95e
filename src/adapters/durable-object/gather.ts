/** Every so many commits that came alone, one waits all the same, to find out whether it still is alone. */
const probeEvery = 64
/** After so many waits in vain commits are written at once again. */
const quietAfter = 2

export interface Gather {
  /** Whether a group that has `waiting` commits now should wait a turn of the event loop for more. */
  shouldWait(waiting: number): boolean
  /** What became of it. */
  note(groupSize: number): void
}

/**
 * When to let a group grow. Writing costs an fsync per group, waiting a turn of the event loop: alone, writing at once is
 * best; in company the turn is cheaper than everyone's own fsync. Company shows in the calls that are in flight, where
 * `inFlight` counts them, and in the size of the last groups: the thread is blocked while it writes, so calls that came
 * meanwhile are not counted yet.
 */
export function createGather(inFlight: () => number = () => 0): Gather {
  let crowded = false
  let quiet = 0
  let alone = 0
  return {
    shouldWait(waiting) {
      if (!crowded && waiting <= 1 && inFlight() <= 1 && ++alone < probeEvery) return false
      alone = 0
      return true
    },
    note(groupSize) {
      if (groupSize > 1) {
        crowded = true
        quiet = 0
      } else if (crowded && ++quiet >= quietAfter) crowded = false
    },
  }
}
