/**
 * Runs `work` on one item after the other. A fault keeps the items after it from nothing; the first one is thrown at the
 * end. Answers how many items `work` has answered false for.
 */
export async function eachInTurn<T>(items: readonly T[], work: (item: T) => Promise<boolean>): Promise<number> {
  let refused = 0
  const faults: unknown[] = []
  for (const item of items) {
    try {
      if (!(await work(item))) refused++
    } catch (fault) {
      faults.push(fault)
    }
  }
  if (faults.length) throw faults[0]
  return refused
}
