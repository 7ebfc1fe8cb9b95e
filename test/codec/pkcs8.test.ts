import { describe, expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex } from '../../src/codec/bytes'
import { encodeDer, readSequence } from '../../src/codec/der'
import { encodeEcPkcs8, isSamePoint, parsePkcs8 } from '../../src/codec/pkcs8'
import { encodeEcSpki, parseSpki } from '../../src/codec/spki'
import { newPkcs8, openssl, spkiOf } from './openssl'

const hex = (text: string) => decodeHex(text) as Bytes
const ec = (curve: string, encoding = 'named_curve') =>
  newPkcs8('EC', `ec_paramgen_curve:${curve}`, `ec_param_enc:${encoding}`)
const rsa = newPkcs8('RSA', 'rsa_keygen_bits:2048')
const p256 = ec('P-256')

/** A PKCS#8 file anew from its parts, which `change` may replace. */
function rebuilt(pkcs8: Bytes, change: (parts: Bytes[]) => Bytes[]): Bytes {
  const parts = (readSequence(pkcs8) ?? []).map(({ tag, contents }) => encodeDer(tag, contents))
  return encodeDer(0x30, ...change(parts))
}
const inner = (pkcs8: Bytes) => readSequence(pkcs8)?.[2]?.contents as Bytes
/** The same with other elements in the private key's own sequence. */
function withInner(pkcs8: Bytes, change: (parts: Bytes[]) => Bytes[]): Bytes {
  const parts = (readSequence(inner(pkcs8)) ?? []).map(({ tag, contents }) => encodeDer(tag, contents))
  return rebuilt(pkcs8, ([version, algorithm]) => [
    version as Bytes,
    algorithm as Bytes,
    encodeDer(4, encodeDer(0x30, ...change(parts))),
  ])
}

describe('private keys that OpenSSL made', () => {
  it.each([
    ['RSA_2048', () => rsa],
    ['RSA_3072', () => newPkcs8('RSA', 'rsa_keygen_bits:3072')],
    ['RSA_2048', () => newPkcs8('RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_pubexp:3')],
    ['ECC_NIST_P256', () => p256],
    ['ECC_NIST_P384', () => ec('P-384')],
    ['ECC_NIST_P521', () => ec('P-521')],
    ['ECC_SECG_P256K1', () => ec('secp256k1')],
    ['ECC_NIST_EDWARDS25519', () => newPkcs8('ED25519')],
  ])('%s: read, and written anew for OpenSSL', (keySpec, make) => {
    const pkcs8 = make()
    const key = parsePkcs8(pkcs8)
    expect(key?.keySpec).toBe(keySpec)
    if (!key) return
    const spki = spkiOf(pkcs8)
    expect(spkiOf(key.pkcs8)).toEqual(spki)
    const parts = parseSpki(spki)
    expect(parts?.keySpec).toBe(keySpec)
    if (key.kind === 'rsa') expect(key.publicKey).toEqual(spki)
    if (key.kind === 'ec' && parts?.kind === 'ec') {
      expect(key.point).toEqual(parts.point)
      expect(encodeEcSpki(parts.curve, parts.point)).toEqual(spki)
      expect(encodeEcPkcs8(key.curve, key.scalar, parts.point)).toEqual(pkcs8)
    }
  })

  it('a compressed point is the same key', () => {
    const compressed = openssl(['ec', '-inform', 'DER', '-in', 'key', '-conv_form', 'compressed', '-outform', 'DER'], {
      key: p256,
    })
    const pkcs8 = openssl(['pkcs8', '-topk8', '-nocrypt', '-inform', 'DER', '-in', 'key', '-outform', 'DER'], {
      key: compressed,
    })
    const [key, whole] = [parsePkcs8(pkcs8), parsePkcs8(p256)]
    if (key?.kind !== 'ec' || whole?.kind !== 'ec' || !key.point || !whole.point) throw new Error('no points')
    expect(key.point.length).toBe(33)
    expect(key.pkcs8).toEqual(whole.pkcs8)
    expect(isSamePoint(key.point, whole.point)).toBe(true)
    expect(isSamePoint(Uint8Array.of(key.point[0] === 2 ? 3 : 2, ...key.point.subarray(1)), whole.point)).toBe(false)
  })

  it.each([
    ['three primes', () => newPkcs8('RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_primes:3')],
    ['1024 bits', () => newPkcs8('RSA', 'rsa_keygen_bits:1024')],
    ['2056 bits', () => newPkcs8('RSA', 'rsa_keygen_bits:2056')],
    ['RSASSA-PSS', () => newPkcs8('RSA-PSS', 'rsa_keygen_bits:2048')],
    ['explicit parameters', () => ec('P-256', 'explicit')],
    ['another curve', () => ec('P-224')],
    ['Ed448', () => newPkcs8('ED448')],
    ['X25519', () => newPkcs8('X25519')],
    ['SEC 1 without PKCS#8', () => openssl(['ec', '-inform', 'DER', '-in', 'key', '-outform', 'DER'], { key: p256 })],
    ['a public key', () => spkiOf(p256)],
    [
      'an encrypted file',
      () =>
        openssl(['pkcs8', '-topk8', '-inform', 'DER', '-in', 'key', '-outform', 'DER', '-passout', 'pass:x'], {
          key: p256,
        }),
    ],
  ])('%s: refused', (_, make) => {
    expect(parsePkcs8(make())).toBeUndefined()
  })
})

describe('private keys with something wrong', () => {
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  const scalar = (text: string) => withInner(p256, ([version]) => [version as Bytes, encodeDer(4, hex(text))])
  const change = (pkcs8: Bytes, at: number) =>
    withInner(pkcs8, (parts) => {
      const part = parts[at] as Bytes
      part[part.length - 1] = (part.at(-1) as number) ^ 2
      return parts
    })
  it.each([
    ['nothing', new Uint8Array(0)],
    ['too much', new Uint8Array(6145)],
    ['bytes after it', concatBytes(p256, Uint8Array.of(0))],
    ['bytes after the key', rebuilt(p256, ([v, a]) => [v, a, encodeDer(4, inner(p256), hex('00'))] as Bytes[])],
    ['something after the fields', rebuilt(p256, (parts) => [...parts, hex('0500')])],
    ['version 2', rebuilt(p256, ([, ...rest]) => [hex('020102'), ...rest])],
    ['a public key in version 0', rebuilt(p256, (parts) => [...parts, hex('81020001')])],
    ['no private key', rebuilt(p256, ([version, algorithm]) => [version, algorithm] as Bytes[])],
    ['a scalar of 0', scalar('00'.repeat(32))],
    ['a scalar of n', scalar(order)],
    ['a scalar of 33 bytes', scalar(`00${'11'.repeat(32)}`)],
    ['no scalar', scalar('')],
    ['parameters of another curve', withInner(p256, ([v, s]) => [v, s, hex('a00706052b8104000a')] as Bytes[])],
    ['a point of another length', withInner(p256, ([v, s]) => [v, s, hex('a1050303000401')] as Bytes[])],
    ...['version', 'n', 'e', 'd', 'p', 'q', 'dP', 'dQ', 'qInv'].map((name, at) => [`another ${name}`, change(rsa, at)]),
    ['nine numbers and one more', withInner(rsa, (parts) => [...parts, hex('020101')])],
    ['eight numbers', withInner(rsa, (parts) => parts.slice(0, 8))],
  ] as [string, Bytes][])('%s: refused', (_, pkcs8) => {
    expect(parsePkcs8(pkcs8)).toBeUndefined()
  })

  it('takes attributes, a short scalar and BER lengths, and mends them', () => {
    const attributes = rebuilt(p256, (parts) => [...parts, hex('a000')])
    expect(parsePkcs8(attributes)).toEqual(parsePkcs8(p256))
    expect(parsePkcs8(scalar('05'))?.pkcs8).toEqual(parsePkcs8(scalar('05'.padStart(64, '0')))?.pkcs8)
    expect(parsePkcs8(scalar(order.replace(/1$/, '0')))?.keySpec).toBe('ECC_NIST_P256')
    const ber = concatBytes(hex('30840000'), Uint8Array.of(0, p256.length - 3), p256.subarray(3))
    expect(parsePkcs8(ber)?.pkcs8).toEqual(parsePkcs8(p256)?.pkcs8)
  })

  it('an Ed25519 file of version 1 states its public key', () => {
    const pkcs8 = newPkcs8('ED25519')
    const stated = rebuilt(pkcs8, ([, ...rest]) => [hex('020101'), ...rest, hex(`812100${'22'.repeat(32)}`)])
    expect(parsePkcs8(stated)).toMatchObject({ statedKey: hex('22'.repeat(32)), pkcs8 })
    const short = rebuilt(pkcs8, ([, ...rest]) => [hex('020101'), ...rest, hex(`812000${'22'.repeat(31)}`)])
    expect(parsePkcs8(short)).toBeUndefined()
  })

  it('changed bytes never throw, and never pass as RSA', () => {
    for (let round = 0; round < 3000; round++) {
      const pkcs8 = (round % 2 ? rsa : p256).slice(0, round % 7 ? undefined : round % 200)
      const at = Math.floor(Math.random() * Math.min(pkcs8.length, round % 3 ? 40 : 4000))
      pkcs8[at] = Math.floor(Math.random() * 256)
      const key = parsePkcs8(pkcs8)
      if (key?.kind === 'rsa') expect(encodeHex(key.pkcs8)).toBe(encodeHex(rsa))
    }
  })
})

describe('public keys with something wrong', () => {
  const spki = spkiOf(p256)
  const key = (algorithm: string, bits: string) => encodeDer(0x30, hex(algorithm), encodeDer(3, hex(bits)))
  const named = '301306072a8648ce3d020106082a8648ce3d030107'
  it.each([
    ['nothing', new Uint8Array(0)],
    ['bytes after it', concatBytes(spki, Uint8Array.of(0))],
    ['a private key', p256],
    ['too much', new Uint8Array(1025)],
    ['explicit parameters', spkiOf(ec('P-256', 'explicit'))],
    ['a point at infinity', key(named, '0000')],
    ['a point of another form', key(named, `0006${'11'.repeat(64)}`)],
    ['half a point', key(named, `0004${'11'.repeat(32)}`)],
    ['unused bits', key(named, `0104${'11'.repeat(64)}`)],
    ['RSA without NULL', encodeDer(0x30, hex('300b06092a864886f70d010101'), hex('030100'))],
    ['a short Ed25519 key', key('300506032b6570', `00${'11'.repeat(31)}`)],
    ['Ed25519 with parameters', key('300706032b65700500', `00${'11'.repeat(32)}`)],
    ['RSA of 1024 bits', spkiOf(newPkcs8('RSA', 'rsa_keygen_bits:1024'))],
  ] as [string, Bytes][])('%s: refused', (_, bytes) => {
    expect(parseSpki(bytes)).toBeUndefined()
  })

  it('changed bytes never throw', () => {
    for (let round = 0; round < 2000; round++) {
      const bytes = spki.slice(0, round % 5 ? undefined : round % spki.length)
      bytes[Math.floor(Math.random() * Math.max(1, bytes.length))] = round
      const parts = parseSpki(bytes)
      if (parts) expect(parts.kind).toBe('ec')
    }
  })
})
