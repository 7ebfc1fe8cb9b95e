import { compareBytes, encodeUtf8 } from './bytes'

/** The longest encoded EncryptionContext. AWS states no limit; 8 KB is what is commonly quoted. */
export const maxEncryptionContextBytes = 8192

const none: Bytes = new Uint8Array(0)

/**
 * EncryptionContext as additional authenticated data: nothing at all for an empty or absent map, else the number of
 * pairs, then per pair the key's length, key, value's length, value; numbers in two bytes, big-endian; text in UTF-8;
 * pairs sorted by the bytes of their keys. This is the serialisation of the AWS Encryption SDK message format.
 * Exact and case-sensitive: no normalisation of any kind.
 *
 * Undefined when the map cannot be authenticated: over maxEncryptionContextBytes, or text with a lone surrogate,
 * which UTF-8 would replace, so that two different contexts gave the same bytes.
 */
export function encodeEncryptionContext(context?: Readonly<Record<string, string>>): Bytes | undefined {
  const names = context ? Object.keys(context) : []
  if (!context || names.length === 0) return none
  const pairs: { readonly key: Bytes; readonly value: Bytes }[] = []
  let length = 2
  for (const name of names) {
    const text = context[name] as string
    // Each UTF-16 unit gives a byte at least: what is too long is refused before it is encoded.
    length += 4 + name.length + text.length
    if (length > maxEncryptionContextBytes || !name.isWellFormed() || !text.isWellFormed()) return undefined
    const pair = { key: encodeUtf8(name), value: encodeUtf8(text) }
    length += pair.key.length - name.length + pair.value.length - text.length
    pairs.push(pair)
  }
  if (length > maxEncryptionContextBytes) return undefined
  pairs.sort((a, b) => compareBytes(a.key, b.key))

  const encoded = new Uint8Array(length)
  let at = 0
  const putNumber = (value: number) => {
    encoded[at++] = value >> 8
    encoded[at++] = value & 0xff
  }
  const putText = (text: Bytes) => {
    putNumber(text.length)
    encoded.set(text, at)
    at += text.length
  }
  putNumber(pairs.length)
  for (const { key, value } of pairs) {
    putText(key)
    putText(value)
  }
  return encoded
}
