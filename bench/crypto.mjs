import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from '../scripts/build.mjs'

/**
 * What does a warm call through `perform`, over memory, cost above the bare `subtle` call that it needs, in Node?
 * One run: bare and whole calls take turns; the constant is the difference of their medians.
 */
export async function run({ rounds = 300, say = console.log } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'kms-bench-crypto-'))
  try {
    const outfile = join(folder, 'kms.mjs')
    const contents = `
      export { createKms } from './src/index'
      export { createMemoryStorage } from './src/adapters/memory/storage'
      export { createRootCrypto, importRootKeys } from './src/adapters/webcrypto'
      export { createSoftwareProvider } from './software'`
    await build({
      stdin: { contents, resolveDir: root, loader: 'ts' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'es2024',
      outfile,
      logLevel: 'error',
    })
    return await compare(await import(pathToFileURL(outfile).href), rounds, say)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const header = '| call | key | bare, µs | perform, µs | ratio | difference, µs |'

async function compare(library, rounds, say) {
  const { createKms, createMemoryStorage, createRootCrypto, importRootKeys, createSoftwareProvider } = library
  const [accountId, region] = ['111122223333', 'eu-west-1']
  const roots = await importRootKeys(`bench:${btoa(String.fromCharCode(...new Uint8Array(32).fill(7)))}`)
  const crypto_ = createRootCrypto({ roots, accountId, region, software: createSoftwareProvider() })
  const kms = createKms({ accountId, region, storage: createMemoryStorage(), crypto: crypto_ })
  const client = kms.client({ kind: 'root', accountId, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' })
  const newKey = async (KeySpec, KeyUsage) => (await client.createKey({ KeySpec, KeyUsage })).KeyMetadata.KeyId
  const Message = crypto.getRandomValues(new Uint8Array(256))
  const rows = []
  const row = async (call, key, bare, whole, count = rounds) => {
    const times = { bare: [], whole: [] }
    for (let i = -20; i < count; i++) {
      for (const [name, work] of Object.entries({ bare, whole })) {
        const start = performance.now()
        await work()
        if (i >= 0) times[name].push((performance.now() - start) * 1000)
      }
    }
    const [a, b] = [times.bare, times.whole].map((list) => list.sort((x, y) => x - y)[list.length >> 1])
    rows.push({ call, key, bare: a, whole: b })
    say(`| ${call} | ${key} | ${a.toFixed(0)} | ${b.toFixed(0)} | ${(b / a).toFixed(2)} | ${(b - a).toFixed(0)} |`)
  }

  for (const [KeySpec, SigningAlgorithm, algorithm, parameters] of signing) {
    const KeyId = await newKey(KeySpec, 'SIGN_VERIFY')
    const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
    const bareSignature = await crypto.subtle.sign(parameters, pair.privateKey, Message)
    const { Signature } = await client.sign({ KeyId, Message, SigningAlgorithm })
    await row(
      'Sign',
      KeySpec,
      () => crypto.subtle.sign(parameters, pair.privateKey, Message),
      () => client.sign({ KeyId, Message, SigningAlgorithm }),
    )
    await row(
      'Verify',
      KeySpec,
      () => crypto.subtle.verify(parameters, pair.publicKey, bareSignature, Message),
      () => client.verify({ KeyId, Message, Signature, SigningAlgorithm }),
    )
  }

  const macKeyId = await newKey('HMAC_256', 'GENERATE_VERIFY_MAC')
  const macKey = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  await row(
    'GenerateMac',
    'HMAC_256',
    () => crypto.subtle.sign('HMAC', macKey, Message),
    () => client.generateMac({ KeyId: macKeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }),
  )

  const agreementKeyId = await newKey('ECC_NIST_P256', 'KEY_AGREEMENT')
  const ecdh = { name: 'ECDH', namedCurve: 'P-256' }
  const [ours, theirs] = await Promise.all([1, 2].map(() => crypto.subtle.generateKey(ecdh, true, ['deriveBits'])))
  const PublicKey = new Uint8Array(await crypto.subtle.exportKey('spki', theirs.publicKey))
  const agree = async () => {
    const peer = await crypto.subtle.importKey('spki', PublicKey, ecdh, false, [])
    return crypto.subtle.deriveBits({ name: 'ECDH', public: peer }, ours.privateKey, 256)
  }
  await row('DeriveSharedSecret', 'ECC_NIST_P256', agree, () =>
    client.deriveSharedSecret({ KeyId: agreementKeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
  )

  const rsa = { ...rsaKey, modulusLength: 4096, name: 'RSASSA-PKCS1-v1_5' }
  await row(
    'CreateKey',
    'RSA_4096',
    () => crypto.subtle.generateKey(rsa, true, ['sign', 'verify']),
    () => newKey('RSA_4096', 'SIGN_VERIFY'),
    12,
  )
  return rows
}

const rsaKey = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
const ecdsa = (namedCurve) => ({ name: 'ECDSA', namedCurve })

/** KeySpec, algorithm, parameters of generateKey, parameters of sign and verify. */
const signing = [
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', { ...rsaKey, name: 'RSASSA-PKCS1-v1_5' }, 'RSASSA-PKCS1-v1_5'],
  ['RSA_2048', 'RSASSA_PSS_SHA_256', { ...rsaKey, name: 'RSA-PSS' }, { name: 'RSA-PSS', saltLength: 32 }],
  ['ECC_NIST_P256', 'ECDSA_SHA_256', ecdsa('P-256'), { name: 'ECDSA', hash: 'SHA-256' }],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', ecdsa('P-384'), { name: 'ECDSA', hash: 'SHA-384' }],
  ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', { name: 'Ed25519' }, 'Ed25519'],
]
