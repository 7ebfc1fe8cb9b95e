import type { ClaimedCredential, SigningKeyResult, VerifiedSignature } from '../identity/sigv4'

/** Everything the doors of the service need from the home that they stand in; made once, used for every request. */
export interface Doorway {
  /** Path of the endpoint: `/`, or a prefix such as `/kms/`, with or without its trailing slash. */
  readonly basePath: string
  /** Wall clock, ms since the epoch. */
  wallMs(): number
  /** A UUID. */
  newRequestId(): string
  isRegion(region: string): boolean
  findSigningKey(credential: ClaimedCredential): Promise<SigningKeyResult>
  /** The caller's address as the platform states it; undefined where there is none. */
  sourceIp(request: Request): string | undefined
  /** An unexpected error, about to become a bare 500. */
  reportFault(fault: unknown, requestId: string): void
}

interface InboundBase {
  /** Of the signature's scope; `us-east-1` of the one call that needs no signature. */
  readonly region: string
  /** The body as text; empty for GET. */
  readonly bodyText: string
  readonly requestId: string
  readonly sourceIp: string | undefined
  readonly userAgent: string | undefined
  readonly host: string
  /** Whether the request came over TLS, as the platform tells by its URL. */
  readonly secureTransport: boolean
}

/** AWS JSON 1.1. */
export interface JsonInbound extends InboundBase {
  readonly protocol: 'json'
  readonly credential: VerifiedSignature
  readonly service: 'kms' | 'cloudtrail'
  /** The operation, without the prefix of X-Amz-Target; one that the service knows. */
  readonly target: string
}

/** AWS Query: form-encoded in, XML out. */
export interface QueryInbound extends InboundBase {
  readonly protocol: 'query'
  /** Undefined for AssumeRoleWithWebIdentity alone: its token is the credential. */
  readonly credential: VerifiedSignature | undefined
  readonly service: 'sts' | 'iam'
  /** The Action parameter; perhaps one that nobody knows, which answerQuery says. Empty when missing. */
  readonly target: string
  /** Decoded parameters of the query string and the form; X-Amz-* ones are left out. */
  readonly parameters: ReadonlyMap<string, string>
}

/** A request that has passed the door: authenticated, but for AssumeRoleWithWebIdentity. */
export type Inbound = JsonInbound | QueryInbound
