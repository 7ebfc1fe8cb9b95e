import { describe, expect, it } from 'vitest'
import { importRootKeys, parseRootKeys, RootKeysError } from '../../src/adapters/webcrypto'
import { encodeBase64 } from '../../src/codec/bytes'

const key = (first: number, length = 32) => encodeBase64(new Uint8Array(length).fill(first))

describe('KMS_ROOT_KEYS', () => {
  it('is read in order, the first one sealing', async () => {
    const text = ` 2026-11:${key(1)}, old.root_7:${key(2)}\n`
    expect(parseRootKeys(text).map(({ id, bytes }) => [id, bytes[0], bytes.length])).toEqual([
      ['2026-11', 1, 32],
      ['old.root_7', 2, 32],
    ])
    const roots = await importRootKeys(text)
    expect([roots.primaryId, [...roots.keys.keys()]]).toEqual(['2026-11', ['2026-11', 'old.root_7']])
  })

  const refusals: [string, string, string][] = [
    ['nothing', '', 'is empty'],
    ['white space', ' \n', 'is empty'],
    ['an empty entry', `a:${key(1)},`, 'entry 2 has no colon between id and key'],
    ['a key alone', key(1), 'entry 1 has no colon between id and key'],
    ['no id', `:${key(1)}`, 'entry 1 needs an id of 1 to 32 letters, digits, "_", "." or "-"'],
    ['a long id', `${'a'.repeat(33)}:${key(1)}`, 'entry 1 needs an id of 1 to 32 letters, digits, "_", "." or "-"'],
    ['key and id swapped', `${key(1)}:a`, 'entry 1 needs an id of 1 to 32 letters, digits, "_", "." or "-"'],
    [
      'another alphabet',
      `a:${key(0xff).replaceAll('/', '_')}`,
      'entry 1 is not padded standard base64 after the colon',
    ],
    ['no padding', `a:${key(1).replace('=', '')}`, 'entry 1 is not padded standard base64 after the colon'],
    ['a short key', `b:${key(2)},a:${key(1, 31)}`, 'entry 2 has 31 bytes instead of 32'],
    ['a long key', `a:${key(1, 33)}`, 'entry 1 has 33 bytes instead of 32'],
    ['an id twice', `a:${key(1)},b:${key(2)},a:${key(3)}`, 'entries 1 and 3 have the same id'],
    ['a key twice', `a:${key(1)},b:${key(1)}`, 'entries 1 and 2 have the same key'],
    ['too many', Array.from({ length: 17 }, (_, i) => `k${i}:${key(i)}`).join(','), 'has more than 16 entries'],
    ['too much', `a:${'A'.repeat(5000)}`, 'is longer than 4096 characters'],
  ]
  it.each(refusals)('refuses %s', async (_, text, problem) => {
    const refusal = new RootKeysError(problem)
    expect(() => parseRootKeys(text)).toThrow(refusal)
    await expect(importRootKeys(text)).rejects.toThrow(refusal)
    expect(refusal.message).toBe(`KMS_ROOT_KEYS ${problem}.`)
  })
})
