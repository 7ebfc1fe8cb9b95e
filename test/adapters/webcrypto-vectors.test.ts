import { hkdfSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import { blobLayout } from '../../src/codec/ciphertext-blob'
import { decodeToken } from '../../src/codec/token'
import { decodeWrappedMaterial } from '../../src/codec/wrapped-material'
import type { TokenPurpose } from '../../src/ports/crypto'
import { bindingOf, contextOf, newKey, openSymmetric } from '../suites/boundary'
import { watchCrypto } from '../suites/crypto-watch'
import { newRoot, rootCrypto } from '../suites/root-crypto'
import vectors from '../vectors/formats.json'

const hex = (text: string) => decodeHex(text) as Bytes

/** The next draws of random bytes, in order; then it fails. */
function draw(...values: Bytes[]) {
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((target) => {
    const value = values.shift()
    const bytes = target as unknown as Uint8Array
    if (value?.length !== bytes.length) throw new Error(`no draw of ${bytes.length} bytes was expected`)
    bytes.set(value)
    return target
  })
}

afterEach(() => vi.restoreAllMocks())

describe('written bytes equal those of another implementation', () => {
  const roots = Object.entries(vectors.roots)
  /** The vectors' roots, `first` sealing. */
  const portSealingWith = (first: string) =>
    rootCrypto(
      roots
        .sort(([id]) => (id === first ? -1 : 1))
        .map(([id, key]) => `${id}:${key}`)
        .join(','),
    )

  it.each(vectors.materials)('material and blobs of $keyId', async (given) => {
    const port = await portSealingWith(given.rootId)
    // The one place where a test sets the material: what generateKey would have given.
    const recipe = { name: 'HMAC', hash: 'SHA-256' }
    const newborn = await crypto.subtle.importKey('raw', hex(given.material), recipe, true, ['sign'])
    const generate = crypto.subtle.generateKey.bind(crypto.subtle) as (...all: unknown[]) => Promise<CryptoKey>
    vi.spyOn(crypto.subtle, 'generateKey').mockImplementation(((...all: [{ name: string }]) =>
      all[0].name === 'HMAC'
        ? Promise.resolve(newborn)
        : generate(...all)) as unknown as typeof crypto.subtle.generateKey)
    draw(hex(given.iv), ...given.blobs.map(({ salt, iv }) => hex(salt + iv)))

    const binding = { ...bindingOf(given.keyId), keyArn: given.keyArn }
    const born = await port.createMaterial(binding)
    expect(born).toEqual({
      materialId: given.materialId,
      stored: { form: 'wrapped', rootId: given.rootId, bytes: given.wrapped },
    })
    const handle = await openSymmetric(port, born, binding)
    for (const { context, plaintext, blob } of given.blobs) {
      const aad = contextOf(context as unknown as Record<string, string>)
      const sealed = await handle.seal(hex(blob).slice(0, blobLayout.prefixBytes), aad, hex(plaintext))
      expect(encodeHex(sealed)).toBe(blob)
    }
  })

  it.each(vectors.tokens)('token: $purpose', async ({ purpose, rootId, salt, iv, binding, value, token }) => {
    const port = await portSealingWith(rootId)
    draw(hex(salt + iv))
    const sealed = await port.sealToken(purpose as TokenPurpose, hex(binding), hex(value))
    expect(Buffer.from(sealed).toString('base64url')).toBe(token)
    expect(encodeHex(decodeToken(sealed)?.iv as Bytes)).toBe(iv)
  })

  it('secret access key', async () => {
    const { secretAccessKey, rootId, iv, wrapped, accessKeyId, userId } = vectors.secret
    const port = await portSealingWith(rootId)
    draw(hex(iv))
    const stored = await port.wrapSecret(secretAccessKey, { accessKeyId, userId })
    expect(stored).toEqual({ form: 'wrapped', rootId, bytes: wrapped })
    expect(encodeHex(decodeWrappedMaterial(new Uint8Array(Buffer.from(wrapped, 'base64')))?.iv as Bytes)).toBe(iv)
  })

  it('material id, from the bytes that were born', async () => {
    const keyId = crypto.randomUUID()
    const port = await rootCrypto(newRoot('a'))
    let materialId = ''
    const { keys } = await watchCrypto(async () => {
      materialId = (await newKey(port, keyId)).materialId
    })
    const newborn = keys.find(({ key }) => key.extractable)?.key as CryptoKey
    const material = new Uint8Array(await crypto.subtle.exportKey('raw', newborn))
    expect(material.length).toBe(32)
    const label = 'subtle-kms/material-id/v1'
    const info = concatBytes(Uint8Array.of(0, label.length), encodeUtf8(label), Uint8Array.of(0, 36), encodeUtf8(keyId))
    expect(materialId).toBe(Buffer.from(hkdfSync('sha256', material, '', info, 32)).toString('hex'))
  })
})

describe('extractable keys', () => {
  it('exist in born-wrapped.ts alone', () => {
    const src = join(import.meta.dirname, '../../src')
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const calls = /\b(?:generateKey|importKey|deriveKey|unwrapKey)\s*\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g
    const culprits: string[] = []
    let seen = 0
    for (const file of files) {
      for (const [, given = ''] of readFileSync(join(src, file), 'utf8').matchAll(calls)) {
        if (!given.includes(',')) continue // the same names as methods of other things
        if (/^\s*'spki',/.test(given)) continue // public keys may be seen by anybody
        seen++
        if (!/,\s*false\s*,/.test(given)) culprits.push(file)
      }
    }
    expect(seen).toBeGreaterThan(8)
    expect([...new Set(culprits)]).toEqual([join('adapters', 'webcrypto', 'born-wrapped.ts')])
  })
})
