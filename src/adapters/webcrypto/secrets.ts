import { encodeUtf8 } from '../../codec/bytes'

/** SigV4 begins its key chain with HMAC-SHA-256 under "AWS4" and the secret. */
export const secretRecipe = { name: 'HMAC', hash: 'SHA-256' } as const

/** "AWS4" and a secret access key. Throws RangeError unless the secret is 16 to 128 printable ASCII characters. */
export function encodeSecret(secretAccessKey: string): Bytes {
  if (!/^[!-~]{16,128}$/.test(secretAccessKey)) throw new RangeError('a secret access key has another form')
  return encodeUtf8(`AWS4${secretAccessKey}`)
}
