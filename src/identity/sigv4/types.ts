import type { SignedPrincipal } from '../../policy/principal'

/** What SigV4 reads of an HTTP request. */
export interface SignedRequest {
  readonly method: string
  /** Absolute, as received: its percent-encoding is part of what was signed. */
  readonly url: string
  /** The value, several joined by a comma; null when absent. Names are lower case. */
  header(name: string): string | null
  readonly body: Bytes
}

/** Where a signing key is valid: one day, one Region, one service. */
export interface SigningScope {
  /** YYYYMMDD, UTC. */
  readonly date: string
  readonly region: string
  readonly service: string
}

/** What a request claims about itself before its signature has been checked. */
export interface ClaimedCredential extends SigningScope {
  readonly accessKeyId: string
  /** Absent with long-lived keys. */
  readonly sessionToken?: string
}

export type SigningKeyRefusal = 'unknown-key' | 'invalid-token' | 'expired-token'

/** A derived key (HMAC-SHA-256, not extractable, usages sign and verify) and whom it speaks for. */
export interface SigningKey {
  readonly key: CryptoKey
  readonly principal: SignedPrincipal
}

export type SigningKeyResult = SigningKey | { readonly refused: SigningKeyRefusal }

export interface VerifyContext {
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number
  isRegion(region: string): boolean
  /** Services that this door speaks; the first one is named when a scope holds another. */
  readonly services: readonly string[]
  /** Errors of its own (throttling, storage) pass through verifySignature unchanged. */
  findSigningKey(credential: ClaimedCredential): Promise<SigningKeyResult>
}

export interface VerifiedSignature extends ClaimedCredential {
  readonly principal: SignedPrincipal
  readonly signedAtMs: number
  /** The signature came in the query string. */
  readonly presigned: boolean
}
