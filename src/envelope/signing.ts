import { concatBytes, decodeBase64, encodeBase64 } from '../codec/bytes'
import { toInteger } from '../codec/der'
import { decodeEcdsaSignature, encodeEcdsaSignature } from '../codec/ecdsa-signature'
import { publicKeyName } from './context'
import { failure } from './errors'
import type { MessageHeader } from './header'
import type { Signatures, Signer } from './materials'
import { encodeField, joinBytes, toNumber } from './numbers'
import type { Curve } from './suites'

/** ECDSA over whole messages, for the four signed suites. Source: AWS Encryption SDK specification, message footer. */

/** `a` is -3 and p is 3 modulo 4 for both (SP 800-186, sections 3.2.1.3 and 3.2.1.4). */
// Literals, not powers: a bundler leaves them out where nothing is signed.
const curves = {
  'P-256': {
    bytes: 32,
    hash: 'SHA-256',
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    bytes: 48,
    hash: 'SHA-384',
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
} as const

async function newSigner(curve: Curve | undefined): Promise<Signer | undefined> {
  if (!curve) return undefined
  const algorithm = { name: 'ECDSA', namedCurve: curve }
  const pair = (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])) as CryptoKeyPair
  const point = new Uint8Array((await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer)
  const { hash, bytes } = curves[curve]
  return {
    publicKey: encodeBase64(compressPoint(point)),
    async sign(message) {
      const raw = await crypto.subtle.sign({ name: 'ECDSA', hash }, pair.privateKey, message)
      return joinBytes([message, encodeField(encodeEcdsaSignature(new Uint8Array(raw), bytes))])
    },
  }
}

function readFooter(curve: Curve | undefined, { encryptionContext }: MessageHeader, message: Bytes, at: number) {
  if (!curve) return undefined
  const start = at + 2
  if (message.length < start) throw failure('messageTruncated')
  const end = start + toNumber(message.subarray(at, start))
  if (message.length < end) throw failure('messageTruncated')
  if (message.length > end) throw failure('trailingBytes')
  // The public key is there: the header has been held against the suite.
  const publicKey = encryptionContext[publicKeyName] as string
  return () => verify(curve, publicKey, message.subarray(0, at), message.subarray(start))
}

async function verify(curve: Curve, publicKey: string, message: Bytes, der: Bytes): Promise<void> {
  const { hash, bytes } = curves[curve]
  const point = decodeBase64(publicKey)
  const whole = point && expandPoint(curve, point)
  if (!whole) throw failure('malformedMessage', 'public key')
  const raw = decodeEcdsaSignature(der, bytes)
  const key = await importPoint(curve, whole)
  if (!raw || !(await crypto.subtle.verify({ name: 'ECDSA', hash }, key, raw, message))) {
    throw failure('signatureNotAuthentic')
  }
}

/** Pass it to encrypt, decrypt or decryptStream as `signatures` where signed messages come or go. */
export const ecdsa: Signatures = { newSigner, readFooter }

async function importPoint(curve: Curve, point: Bytes): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('raw', point, { name: 'ECDSA', namedCurve: curve }, false, ['verify'])
  } catch {
    throw failure('malformedMessage', 'public key') // a DataError: not a point of the curve
  }
}

/** 04 x y → 02 or 03, x (SEC 1 section 2.3.3). */
const compressPoint = (point: Bytes): Bytes =>
  concatBytes(Uint8Array.of(2 + ((point.at(-1) as number) & 1)), point.subarray(1, (point.length + 1) / 2))

/**
 * 02 or 03, x → 04 x y (SEC 1 section 2.3.4), since not every engine imports compressed points. A whole point, which
 * some writers stored, stays as it is. Undefined for what is neither.
 */
export function expandPoint(curve: Curve, point: Bytes): Bytes | undefined {
  const { bytes, p, b } = curves[curve]
  const [form] = point
  if (form === 4 && point.length === 1 + 2 * bytes) return point
  if ((form !== 2 && form !== 3) || point.length !== 1 + bytes) return undefined
  const x = toInteger(point.subarray(1))
  const square = (x ** 3n - 3n * x + b) % p
  const root = power((square + p) % p, (p + 1n) / 4n, p)
  if (x >= p || (root * root - square) % p !== 0n) return undefined
  const y = root % 2n === BigInt(form & 1) ? root : p - root
  const digits = y.toString(16).padStart(2 * bytes, '0')
  return concatBytes(
    Uint8Array.of(4),
    point.subarray(1),
    Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)),
  )
}

/** base^exponent mod p; of public numbers, so its time may tell them. */
function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * base) % p
    base = (base * base) % p
  }
  return result
}
