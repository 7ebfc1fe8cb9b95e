import { encodeUtf8 } from '../../../src/codec/bytes'
import {
  type ClaimedCredential,
  deriveSigningKey,
  importSecret,
  type SignedRequest,
  type SigningKeyResult,
  type VerifyContext,
} from '../../../src/identity/sigv4'

export const nowMs = Date.UTC(2026, 10, 24, 9, 0, 0)
export const long = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
export const scope = { region: 'us-east-1', service: 'kms', nowMs }

/** Header names in any case, as a client holds them. */
export interface PlainRequest {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

export function asSigned(request: PlainRequest): SignedRequest {
  const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    method: request.method,
    url: request.url,
    header: (name) => headers.get(name) ?? null,
    body: encodeUtf8(request.body),
  }
}

/** Knows AKIDEXAMPLE with its secret; the session tokens `expired` and `forged` are what they say. */
export async function findSigningKey(credential: ClaimedCredential): Promise<SigningKeyResult> {
  if (credential.accessKeyId !== long.accessKeyId) return { refused: 'unknown-key' }
  if (credential.sessionToken === 'expired') return { refused: 'expired-token' }
  if (credential.sessionToken === 'forged') return { refused: 'invalid-token' }
  return {
    key: await deriveSigningKey(await importSecret(long.secretAccessKey), credential),
    principal: { kind: 'root', accountId: '111122223333', accessKeyId: credential.accessKeyId },
  }
}

export const context = (changes: Partial<VerifyContext> = {}): VerifyContext => ({
  nowMs,
  isRegion: (region) => region === 'us-east-1',
  services: ['kms'],
  findSigningKey,
  ...changes,
})
