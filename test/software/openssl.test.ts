import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/codec/bytes'
import type { KeySpec, SigningAlgorithmSpec } from '../../src/model/generated/types'
import { digest, flip, newMacKey, newSigningKey, randomBytes, signingKey, toSign } from '../suites/software-keys'

const message = encodeUtf8('attack at dawn')
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'software-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, bytes: Bytes): string {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

const openssl = (...args: string[]) =>
  new Uint8Array(execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }))

/** Whether `openssl pkeyutl` accepts a signature of a digest. */
function opensslAccepts(spki: Bytes, hashed: Bytes, signature: Bytes, options: string[]): boolean {
  const files = ['-inkey', file('spki', spki), '-in', file('digest', hashed), '-sigfile', file('signature', signature)]
  return spawnSync('openssl', ['pkeyutl', '-verify', '-pubin', '-keyform', 'DER', ...files, ...options]).status === 0
}

const pss = (bits: number) => ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest', `rsa_mgf1_md:sha${bits}`]
const optionsOf = (settings: string[]) => settings.flatMap((setting) => ['-pkeyopt', setting])

describe.skipIf(!hasOpenssl)('OpenSSL', () => {
  const cases: [KeySpec, SigningAlgorithmSpec, generation: string[], bits: number, settings: string[]][] = [
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256', ['EC', 'ec_paramgen_curve:secp256k1'], 256, []],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', ['EC', 'ec_paramgen_curve:P-256'], 256, []],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', ['EC', 'ec_paramgen_curve:P-384'], 384, []],
    ['ECC_NIST_P521', 'ECDSA_SHA_512', ['EC', 'ec_paramgen_curve:P-521'], 512, []],
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', ['RSA', 'rsa_keygen_bits:2048'], 256, []],
    ['RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_512', ['RSA', 'rsa_keygen_bits:3072'], 512, []],
    ['RSA_2048', 'RSASSA_PSS_SHA_384', ['RSA', 'rsa_keygen_bits:2048'], 384, pss(384)],
    ['RSA_3072', 'RSASSA_PSS_SHA_256', ['RSA', 'rsa_keygen_bits:3072'], 256, pss(256)],
  ]

  it.each(cases)('%s %s: its keys, its signatures and ours', async (keySpec, algorithm, generation, bits, settings) => {
    const [family = '', parameter = ''] = generation
    const options = optionsOf([`digest:sha${bits}`, ...settings])
    const pkcs8 = openssl('genpkey', '-algorithm', family, '-pkeyopt', parameter, '-outform', 'DER')
    const private_ = file('pkcs8', new Uint8Array(pkcs8))
    // `pkey` writes PKCS#8 of both families; `genpkey` wrote EC keys in another form.
    const inPkcs8 = openssl('pkcs8', '-topk8', '-nocrypt', '-inform', 'DER', '-in', private_, '-outform', 'DER')
    const spki = openssl('pkey', '-inform', 'DER', '-in', private_, '-pubout', '-outform', 'DER')
    const { handle } = signingKey(keySpec, inPkcs8, spki)
    const hashed = await digest(`SHA-${bits}`, message)
    const signed = toSign(algorithm, 'DIGEST', hashed)

    const ours = await handle.sign(signed)
    expect(opensslAccepts(spki, hashed, ours, options)).toBe(true)
    expect(opensslAccepts(spki, flip(hashed, 3), ours, options)).toBe(false)

    for (let i = 0; i < (family === 'EC' ? 8 : 1); i++) {
      const files = ['-inkey', private_, '-keyform', 'DER', '-in', file('digest', hashed)]
      const theirs = openssl('pkeyutl', '-sign', ...files, ...options)
      expect(await handle.verify(signed, theirs)).toBe(true)
      expect(await handle.verify({ ...signed, message: flip(hashed, 3) }, theirs)).toBe(false)
    }
  })

  it('opens our keys of secp256k1 and takes their signatures', async () => {
    const { handle, material, publicKey } = await newSigningKey('ECC_SECG_P256K1')
    const derived = openssl('pkey', '-inform', 'DER', '-in', file('pkcs8', material), '-pubout', '-outform', 'DER')
    expect(derived).toEqual(publicKey)
    const text = spawnSync('openssl', ['pkey', '-inform', 'DER', '-in', file('pkcs8', material), '-check', '-noout'])
    expect([text.status, String(text.stdout).trim()]).toEqual([0, 'Key is valid'])
    const hashed = await digest('SHA-256', message)
    for (const signed of [toSign('ECDSA_SHA_256', 'RAW', message), toSign('ECDSA_SHA_256', 'DIGEST', hashed)]) {
      expect(opensslAccepts(derived, hashed, await handle.sign(signed), [])).toBe(true)
    }
  })

  it('makes the same MAC', async () => {
    const { handle, material } = await newMacKey('HMAC_224')
    const bytes = randomBytes(4096)
    const key = `hexkey:${Buffer.from(material).toString('hex')}`
    const theirs = openssl('dgst', '-sha224', '-mac', 'HMAC', '-macopt', key, '-binary', file('message', bytes))
    expect(await handle.generate(bytes)).toEqual(theirs)
    expect(await handle.verify(bytes, theirs)).toBe(true)
  })
})
