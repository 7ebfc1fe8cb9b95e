import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/codec/bytes'
import { boundarySuite, contextOf, newKey } from '../suites/boundary'
import { nativeCrypto, nativeCryptoSuite } from '../suites/native-crypto'
import { newRoot, rootCrypto, rootCryptoSuite } from '../suites/root-crypto'
import { yielding } from '../suites/yielding'

boundarySuite('wrapped', () => rootCrypto(newRoot('a')))
boundarySuite('native', nativeCrypto)
rootCryptoSuite()
nativeCryptoSuite(async (value) => structuredClone(value))

describe('the yielding port', () => {
  it('gives the same answers, a timer turn later', async () => {
    const port = yielding(await rootCrypto(newRoot('a')))
    const order: string[] = []
    setTimeout(() => order.push('timer'), 0)
    const { handle, prefix } = await newKey(port)
    order.push('key')
    setTimeout(() => order.push('timer'), 0)
    const blob = await handle.seal(prefix, contextOf(), encodeUtf8('x'))
    order.push('blob')
    expect(await handle.open(blob, contextOf())).toEqual(encodeUtf8('x'))
    expect(order).toEqual(['timer', 'key', 'timer', 'blob'])
    expect(port.supports('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT')).toBe(true)
    await expect(handle.seal(blob, contextOf(), blob)).rejects.toThrow(RangeError)
  })
})
