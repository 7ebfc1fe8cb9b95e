import { afterEach, beforeEach, expect, vi } from 'vitest'
import { deployed, directoryOf, kms, otherRoot, root, sqlNumber, vaultOf } from './front-door'

/** Of everything but records on their way to another account, and when an access key was last used. */
const versions = "SELECT coalesce(sum(version), 0) FROM rows WHERE collection NOT IN ('outbox', 'receipt', 'accessKey')"
const kept = async (region: string) => [
  await sqlNumber(vaultOf(region), versions),
  await sqlNumber(vaultOf(region, otherRoot.accountId), versions),
  await sqlNumber(directoryOf(), versions),
]

/** For all tests of a file: nothing hostile is a fault of ours, so the log stays empty. */
export function logStaysEmpty(): void {
  let logged: ReturnType<typeof vi.spyOn>
  beforeEach(() => {
    logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  })
  afterEach(() => {
    expect(logged.mock.calls).toEqual([])
    vi.restoreAllMocks()
  })
}

/** What `ask` answers; that it keeps nothing but audit records; and that it takes no long time. */
export async function harmless<T>(region: string, ask: () => Promise<T>, seconds = 5): Promise<T> {
  await Promise.all([root, otherRoot].map((caller) => kms(deployed, caller, region, 'ListKeys')))
  await directoryOf().ping(root.accountId)
  const before = await kept(region)
  const begunMs = Date.now()
  const answer = await ask()
  expect(Date.now() - begunMs).toBeLessThan(seconds * 1000)
  expect(await kept(region)).toEqual(before)
  return answer
}
