import { encodeUtf8 } from '../../codec/bytes'
import type { SigningScope } from './types'

const hmac = { name: 'HMAC', hash: 'SHA-256' }

/** "AWS4" + secret access key as an HMAC key that can sign and cannot leave. */
export function importSecret(secretAccessKey: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', encodeUtf8(`AWS4${secretAccessKey}`), hmac, false, ['sign'])
}

async function step(key: CryptoKey, text: string, usages: ('sign' | 'verify')[]): Promise<CryptoKey> {
  const bytes = new Uint8Array(await crypto.subtle.sign('HMAC', key, encodeUtf8(text)))
  const next = await crypto.subtle.importKey('raw', bytes, hmac, false, usages)
  bytes.fill(0)
  return next
}

/**
 * The signing key of one day, Region and service; HMAC-SHA-256, not extractable, for sign and verify.
 *
 * `secret` comes from importSecret. Four MACs: cache the result.
 * Source: AWS General Reference, SigV4, derive a signing key.
 */
export async function deriveSigningKey(secret: CryptoKey, scope: SigningScope): Promise<CryptoKey> {
  const day = await step(secret, scope.date, ['sign'])
  const region = await step(day, scope.region, ['sign'])
  const service = await step(region, scope.service, ['sign'])
  return step(service, 'aws4_request', ['sign', 'verify'])
}
