import { expect } from 'vitest'
import { decodeBase64, decodeHex } from '../../src/codec/bytes'

/** One test of a Wycheproof file: `valid` must pass, `invalid` must be refused, `acceptable` may go either way. */
export interface Case {
  readonly tcId: number
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface File<T, G> {
  readonly numberOfTests: number
  readonly testGroups: readonly (G & { readonly tests: readonly (T & Case)[] })[]
}

/** What a file must turn out to hold: its groups, and how many of its tests are of which kind. */
export interface Expected {
  readonly groups: number
  readonly kinds: Readonly<Record<string, number>>
}

/** Bytes of a file's hexadecimal. Throws for anything else, of which a test could make a refusal by mistake. */
export function hex(text: string): Bytes {
  const bytes = decodeHex(text)
  if (!bytes) throw new Error('a vector is not hexadecimal')
  return bytes
}

/** The JSON in a gzipped file that came as a data URL. */
async function unpack<T, G>(dataUrl: string): Promise<File<T, G>> {
  const packed = decodeBase64(dataUrl.slice(dataUrl.indexOf(',') + 1)) as Bytes
  const stream = new Response(packed).body?.pipeThrough(new DecompressionStream('gzip') as never)
  return (await new Response(stream as never).json()) as File<T, G>
}

/**
 * Runs `check` over every test of every group. It throws where the code is wrong and else names the kind under which
 * the test counts. Fails for a file that is cut short, and for a count that is not the expected one.
 */
export async function everyCase<T, G = object>(
  dataUrl: string,
  expected: Expected,
  check: (test: T & Case, group: G) => Promise<string>,
): Promise<void> {
  const { testGroups, numberOfTests } = await unpack<T, G>(dataUrl)
  const kinds: Record<string, number> = {}
  const seen = new Set<number>()
  for (const group of testGroups) {
    expect(group.tests.length).toBeGreaterThan(0)
    for (const test of group.tests) {
      const kind = await check(test, group)
      kinds[kind] = (kinds[kind] ?? 0) + 1
      seen.add(test.tcId)
    }
  }
  expect({ groups: testGroups.length, kinds }).toEqual(expected)
  expect(seen.size).toBe(numberOfTests)
}
