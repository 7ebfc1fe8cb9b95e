import { constants, createPrivateKey, createPublicKey, KeyObject, privateDecrypt, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RsaPrivateOperation } from '../../src/adapters/webcrypto'
import type { SigningAlgorithmSpec } from '../../src/model/generated/types'
import { boundaryDigestSuite } from '../suites/boundary-digests'
import {
  boundaryFamilySuite,
  familyBinding,
  familyCases,
  makeFamilyKey,
  message,
  ofKind,
  raw,
} from '../suites/boundary-families'
import { nativePair } from '../suites/native-crypto'
import { newRoot, rootCrypto, rootPair } from '../suites/root-crypto'

const rsaPrivate: RsaPrivateOperation = async (key, block) =>
  new Uint8Array(privateDecrypt({ key: KeyObject.from(key), padding: constants.RSA_NO_PADDING }, block))

boundaryFamilySuite('wrapped', () => rootPair(newRoot('a')))
boundaryFamilySuite('native', () => nativePair())
boundaryDigestSuite(rsaPrivate)

/** How node:crypto, over OpenSSL, spells a signing algorithm. */
function opensslOptions(algorithm: string) {
  const padding = algorithm.includes('PSS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  const hash = /^(?:RSASSA|ECDSA)/.test(algorithm) ? `sha${algorithm.slice(-3)}` : null
  return { hash, options: { ...padding, dsaEncoding: 'der' as const } }
}

describe('OpenSSL', () => {
  const signing = familyCases.filter(({ keyUsage, modern }) => keyUsage === 'SIGN_VERIFY' && !modern)
  const small = signing.filter(({ keySpec }) => !/_(?:3072|4096)$/.test(keySpec))

  it.each(small)('verifies signatures of $keySpec, and its own verify here', async (given) => {
    const port = await rootCrypto(newRoot('a'), { rsaPrivate })
    const { binding, born } = await makeFamilyKey(port, given)
    const handle = ofKind(await port.openMaterial(born, binding), 'signing')
    const publicKey = createPublicKey({ key: Buffer.from(born.publicKey as Bytes), format: 'der', type: 'spki' })
    const pair = await port.generateKeyPair(given.keySpec as Parameters<typeof port.generateKeyPair>[0])
    const theirs = createPrivateKey({ key: Buffer.from(pair.privateKey), format: 'der', type: 'pkcs8' })
    const brought = familyBinding(given.keySpec, given.keyUsage)
    const adopted = await port.adoptMaterial(pair.privateKey, pair.publicKey, brought)
    expect(pair.privateKey.every((byte) => byte === 0)).toBe(true)
    const adoptedHandle = ofKind(await port.openMaterial(adopted, brought), 'signing')

    for (const algorithm of given.algorithms ?? []) {
      const { hash, options } = opensslOptions(algorithm)
      const toSigns = [raw(algorithm)]
      if (hash && algorithm.startsWith('RSASSA')) {
        const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${algorithm.slice(-3)}`, message))
        toSigns.push({ algorithm: algorithm as SigningAlgorithmSpec, messageType: 'DIGEST', message: digest })
      }
      for (const toSign of toSigns) {
        const signature = await handle.sign(toSign)
        expect(verify(hash, message, { key: publicKey, ...options }, signature), algorithm).toBe(true)
        for (let i = 0; i < 8; i++) {
          const theirSignature = new Uint8Array(sign(hash, message, { key: theirs, ...options }))
          expect(await adoptedHandle.verify(toSign, theirSignature), algorithm).toBe(true)
        }
        expect(
          verify(hash, message, { key: createPublicKey(theirs), ...options }, await adoptedHandle.sign(toSign)),
        ).toBe(true)
      }
    }
  })
})
