import { concatBytes, decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8, equalBytes } from '../codec/bytes'
import { failure } from '../envelope/errors'
import { encodeField, toBytes, toNumber } from '../envelope/numbers'
import type { KmsBox } from './box'

export interface FieldOptions {
  /**
   * `row`, unless given: the row's id is part of the encryption context, so that KMS decides and records each row; a data
   * key, and with it a call of KMS, for every row. `column`: the row's id is sealed with the value and compared when it
   * is opened; KMS sees table and column, and many rows share a data key.
   */
  readonly keyPer?: 'row' | 'column'
}

/** What JSON can say, or bytes. */
export type FieldValue = string | number | boolean | null | Uint8Array<ArrayBuffer> | object

export interface FieldPlace {
  /** The row's primary key. The text of a number is the same id as the number. */
  readonly rowId: string | number | bigint
}

/** Values of one column. What was sealed for one place opens in no other. */
export interface Field {
  /** Base64url without padding. Throws EnvelopeError; a TypeError for a value that is neither bytes nor JSON. */
  encrypt(value: FieldValue, place: FieldPlace): Promise<string>
  /** The value, of the type that it had; objects as JSON gives them back. Throws EnvelopeError. */
  decrypt(text: string, place: FieldPlace): Promise<FieldValue>
}

const [asBytes, asJson] = [0, 1]

export function createField(
  box: Pick<KmsBox, 'seal' | 'open'>,
  table: string,
  column: string,
  { keyPer = 'row' }: FieldOptions = {},
): Field {
  const isPerRow = keyPer === 'row'
  const contextOf = (row: string) => ({ table, column, ...(isPerRow ? { row } : {}) })
  return {
    async encrypt(value, { rowId }) {
      const row = textOf(rowId)
      const front = isPerRow ? [] : [encodeField(encodeUtf8(row))]
      return encodeBase64Url(await box.seal(concatBytes(...front, encodeValue(value)), contextOf(row)))
    },
    async decrypt(text, { rowId }) {
      const row = textOf(rowId)
      const message = decodeBase64Url(text)
      if (!message) throw failure('malformedMessage', 'not base64url')
      const plaintext = await box.open(message, contextOf(row))
      if (isPerRow) return decodeValue(plaintext)
      const end = 2 + toNumber(plaintext.subarray(0, 2))
      if (!equalBytes(plaintext.subarray(2, end), encodeUtf8(row))) throw failure('invalidContext', 'row')
      return decodeValue(plaintext.subarray(end))
    },
  }
}

/** Ids that UTF-8 cannot tell apart are refused. */
function textOf(rowId: FieldPlace['rowId']): string {
  const text = String(rowId)
  if (!text.isWellFormed()) throw failure('invalidContext', 'row')
  return text
}

/** A byte that tells the type, then the bytes themselves or JSON. */
function encodeValue(value: FieldValue): Bytes {
  if (value instanceof Uint8Array) return concatBytes(Uint8Array.of(asBytes), toBytes(value))
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new TypeError('a value is bytes, or what JSON can say')
  }
  return concatBytes(Uint8Array.of(asJson), encodeUtf8(json))
}

function decodeValue(bytes: Bytes): FieldValue {
  if (bytes[0] === asBytes) return bytes.slice(1)
  try {
    if (bytes[0] === asJson) return JSON.parse(decodeUtf8(bytes.subarray(1)))
  } catch {
    // Told below, without the parser's words, which quote the plaintext.
  }
  throw failure('malformedMessage', 'not a field')
}
