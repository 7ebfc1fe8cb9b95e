import { decodeBase64, encodeBase64 } from '../codec/bytes'
import type { OperationName, OperationOutput } from '../model/generated/types'
import type { GivenInput } from '../model/given-input'

/**
 * The JSON of the KMS protocol by names of members, in a few lines where the model's tables take a hundred times as many.
 * test/client/json.test.ts holds them against the model.
 */
const blobs = /(^Mac|^Signature|^PublicKey|^ImportToken|^SharedSecret|ForRecipient|Plaintext|CiphertextBlob)$/
const dates = /(Date|ValidTo)$|^Timestamp$/
/** Maps of the caller's own names, which mean nothing here. */
const maps = /^EncryptionContext/

/** Bytes as base64, times as seconds since the epoch. Throws a TypeError for numbers that JSON has not. */
export function encodeInput<N extends OperationName>(input: GivenInput<N>): string {
  return JSON.stringify(input, function (this: Readonly<Record<string, unknown>>, name, value) {
    const given = this[name]
    if (given instanceof Date) return given.getTime() / 1000
    if (ArrayBuffer.isView(given)) {
      return encodeBase64(new Uint8Array(given.buffer as ArrayBuffer, given.byteOffset, given.byteLength))
    }
    if (given instanceof ArrayBuffer) return encodeBase64(new Uint8Array(given))
    // It would be sent as null, which is absence.
    if (typeof given === 'number' && !Number.isFinite(given)) throw new TypeError(`${name} is not a finite number`)
    return value
  })
}

/** The output of a success; an empty text is one without members. Throws a SyntaxError for what is no JSON. */
export const decodeOutput = <N extends OperationName>(text: string): OperationOutput[N] =>
  (text ? decoded('', JSON.parse(text)) : {}) as OperationOutput[N]

function decoded(name: string, value: unknown): unknown {
  if (typeof value === 'string') return blobs.test(name) ? (decodeBase64(value) ?? value) : value
  if (typeof value === 'number') return dates.test(name) ? new Date(value * 1000) : value
  if (Array.isArray(value)) return value.map((item) => decoded('', item))
  if (typeof value !== 'object' || value === null || maps.test(name)) return value
  return Object.fromEntries(Object.entries(value).map(([member, item]) => [member, decoded(member, item)]))
}
