import { describe, expect, it } from 'vitest'
import { unwrapKwp, wrapKwp } from '../../src/codec/aes-kwp'
import { decodeHex, encodeHex } from '../../src/codec/bytes'

const hex = (text: string) => decodeHex(text) as Bytes
const keyOf = (bytes: Bytes) => crypto.subtle.importKey('raw', bytes, 'AES-CBC', false, ['encrypt', 'decrypt'])

describe('AES key wrap with padding', () => {
  it('equals the examples of RFC 5649 section 6', async () => {
    const key = await keyOf(hex('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8'))
    const examples = [
      ['c37b7e6492584340bed12207808941155068f738', '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a'],
      ['466f7250617369', 'afbeb0f07dfbf5419200f2ccb50bb24f'],
    ] as const
    for (const [material, wrapped] of examples) {
      expect(encodeHex(await wrapKwp(key, hex(material)))).toBe(wrapped)
      expect(encodeHex((await unwrapKwp(key, hex(wrapped))) as Bytes)).toBe(material)
    }
  })

  it('gives back each length and refuses each changed byte', async () => {
    const key = await keyOf(new Uint8Array(32).fill(7))
    for (const length of [1, 7, 8, 9, 16, 17, 32, 40]) {
      const material = Uint8Array.from({ length }, (_, i) => i)
      const wrapped = await wrapKwp(key, material)
      expect(wrapped.length).toBe(Math.max(16, 8 + 8 * Math.ceil(length / 8)))
      expect(await unwrapKwp(key, wrapped)).toEqual(material)
      for (let at = 0; at < wrapped.length; at++) {
        const changed = wrapped.slice()
        changed[at] = (changed[at] as number) ^ 0x40
        expect(await unwrapKwp(key, changed), `byte ${at} of ${length}`).toBeUndefined()
      }
    }
  })

  it.each([0, 1, 8, 15, 17, 23, 6168])('refuses %i bytes', async (length) => {
    expect(await unwrapKwp(await keyOf(new Uint8Array(32)), new Uint8Array(length))).toBeUndefined()
  })

  it.each([0, 6145])('does not wrap %i bytes', async (length) => {
    await expect(wrapKwp(await keyOf(new Uint8Array(32)), new Uint8Array(length))).rejects.toThrow(RangeError)
  })
})
