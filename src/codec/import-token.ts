import type { AlgorithmSpec, WrappingKeySpec } from '../model/generated/types'
import { concatBytes, decodeUtf8, encodeUtf8 } from './bytes'
import { encodeFields } from './fields'

/**
 * What an import token holds, sealed as a token of the purpose `import-token` and bound to the key ARN
 * (docs/formats.md, tokens):
 *
 *   version 1 | issue time, ms, 8 | list of fields: key id, wrapping algorithm, wrapping key spec, private key
 */
export interface ImportTokenValue {
  readonly keyId: string
  readonly wrappingAlgorithm: AlgorithmSpec
  readonly wrappingKeySpec: WrappingKeySpec
  /** Service clock, ms. */
  readonly issuedAtMs: number
  /** The wrapping key, PKCS#8 DER. Whoever gets it overwrites it after use. */
  readonly privateKey: Bytes
}

const version = 1
const headerBytes = 9

export function encodeImportToken(value: ImportTokenValue): Bytes {
  const header = new Uint8Array(headerBytes)
  header[0] = version
  new DataView(header.buffer).setBigUint64(1, BigInt(value.issuedAtMs))
  const { keyId, wrappingAlgorithm, wrappingKeySpec, privateKey } = value
  return concatBytes(header, encodeFields(keyId, wrappingAlgorithm, wrappingKeySpec, privateKey))
}

/** Undefined for anything that is no such value; `privateKey` is a view into `bytes`. */
export function decodeImportToken(bytes: Bytes): ImportTokenValue | undefined {
  if (bytes.length < headerBytes || bytes[0] !== version) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const issuedAtMs = Number(view.getBigUint64(1))
  const fields: Bytes[] = []
  for (let at = headerBytes; at < bytes.length; ) {
    if (at + 2 > bytes.length || fields.length === 4) return undefined
    const end = at + 2 + view.getUint16(at)
    if (end > bytes.length) return undefined
    fields.push(bytes.subarray(at + 2, end))
    at = end
  }
  const [keyId, wrappingAlgorithm, wrappingKeySpec, privateKey] = fields
  if (!keyId || !wrappingAlgorithm || !wrappingKeySpec || !privateKey || !Number.isSafeInteger(issuedAtMs)) {
    return undefined
  }
  try {
    return {
      keyId: decodeUtf8(keyId),
      wrappingAlgorithm: decodeUtf8(wrappingAlgorithm) as AlgorithmSpec,
      wrappingKeySpec: decodeUtf8(wrappingKeySpec) as WrappingKeySpec,
      issuedAtMs,
      privateKey,
    }
  } catch {
    return undefined // a TypeError: a field that is not UTF-8
  }
}

/** What the token is bound to besides its purpose. */
export const importTokenBinding = (keyArn: string): Bytes => encodeUtf8(keyArn)
