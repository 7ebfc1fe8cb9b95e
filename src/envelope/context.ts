import { encodeUtf8 } from '../codec/bytes'
import { failure } from './errors'
import { encodeField, joinBytes, none, requireFit, u16 } from './numbers'

/** Pairs of text that are authenticated with the message, and that KMS policies and audit logs see. Not secret. */
export type EncryptionContext = Readonly<Record<string, string>>

/** Where a signed message keeps its public key. */
export const publicKeyName = 'aws-crypto-public-key'

export const invalidContext = (detail?: string) => failure('invalidContext', detail)

/**
 * Number of pairs (2 bytes), then key and value of each, preceded by their lengths (2 bytes), sorted by the UTF-8 bytes
 * of the keys; nothing at all for no pairs. Throws `invalidContext` for values that are no text and for text with a lone
 * surrogate, which UTF-8 cannot tell apart; `tooLarge` over 65,535 bytes. Source: AWS Encryption SDK specification,
 * structures, encryption context.
 */
export function encodeContext(context: EncryptionContext, order = byUtf8): Bytes {
  const names = Object.keys(context).sort(order)
  if (!names.length) return none
  const pairs = names.flatMap((name) => [encodeText(name), encodeText(context[name])])
  return requireFit(joinBytes([u16(names.length), ...pairs]))
}

/** One character per byte. */
const bytewise = (text: string) => encodeUtf8(text).reduce((sum, byte) => sum + String.fromCharCode(byte), '')
const byUtf8 = (a: string, b: string): number => (bytewise(a) < bytewise(b) ? -1 : 1)

function encodeText(text: unknown): Bytes {
  if (typeof text !== 'string' || !text.isWellFormed()) throw invalidContext()
  return encodeField(encodeUtf8(text))
}

/** The pairs that are picked. `__proto__` is a name like any other. */
export const pickContext = (
  context: EncryptionContext,
  isPicked: (name: string, value: string) => boolean,
): EncryptionContext => Object.fromEntries(Object.entries(context).filter((pair) => isPicked(...pair)))
