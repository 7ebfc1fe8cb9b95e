import { decodeHex } from '../../codec/bytes'
import { sha256Hex, stringToSign } from './canonical'
import { type Claim, type CredentialParts, readClaim, splitCredential } from './claim'
import {
  badDate,
  badScope,
  expired,
  expiredToken,
  notYetCurrent,
  signatureMismatch,
  unknownKey,
  wrongRegion,
  wrongScopeDate,
  wrongService,
  wrongTerminator,
} from './refusals'
import { formatBasicTime, parseBasicTime, parseHttpDate } from './time'
import type { ClaimedCredential, SignedRequest, VerifiedSignature, VerifyContext } from './types'

/** AWS KMS allows five minutes either way (other services fifteen). */
const skewSeconds = 300

const signatureForm = /^[0-9a-f]{64}$/

/**
 * Who signed this request, by Authorization header or by presigned query string.
 *
 * Payload: always the SHA-256 of the body that came; `UNSIGNED-PAYLOAD` and any other stand-in is refused, in a header
 * as well as presigned. SignedHeaders: the client's own list; `host` must be in it, and `x-amz-target` and
 * `x-amz-security-token` when the request has them. A service worker's request lacks `host` and `content-length`: they
 * are rebuilt from the URL and the body. A replay inside the time window passes, as at AWS.
 *
 * Throws KmsError in the order of the lines below.
 * Source: docs/behaviour.md, authentication errors.
 */
export async function verifySignature(request: SignedRequest, context: VerifyContext): Promise<VerifiedSignature> {
  const claim = readClaim(request)
  const signedAtMs = readSigningTime(claim)
  requireCurrent(claim, signedAtMs, context.nowMs)
  const parts = splitCredential(claim.credential)
  const timestamp = claim.dateIsHeader ? formatBasicTime(signedAtMs) : claim.dateText
  requireScope(parts, timestamp, context)

  const { accessKeyId, date, region, service } = parts
  const credential: ClaimedCredential = {
    accessKeyId,
    date,
    region,
    service,
    ...(claim.sessionToken !== undefined && { sessionToken: claim.sessionToken }),
  }
  const found = await context.findSigningKey(credential)
  if ('refused' in found) throw found.refused === 'expired-token' ? expiredToken() : unknownKey()

  if (!(await signatureMatches(request, claim, parts, timestamp, found.key))) throw signatureMismatch()
  return { ...credential, principal: found.principal, signedAtMs, presigned: claim.presigned }
}

function readSigningTime(claim: Claim): number {
  const ms = parseBasicTime(claim.dateText) ?? (claim.dateIsHeader ? parseHttpDate(claim.dateText) : undefined)
  if (ms === undefined) throw badDate(claim.dateText)
  return ms
}

/** Whole seconds, since a signing time has no finer part. A presigned URL lives as long as it says. */
function requireCurrent(claim: Claim, signedAtMs: number, nowMs: number): void {
  const now = Math.floor(nowMs / 1000)
  const signedAt = signedAtMs / 1000
  const window = claim.expiresSeconds ?? skewSeconds
  const text = (seconds: number) => formatBasicTime(seconds * 1000)
  if (now - signedAt > window) {
    const words = window % 60 ? `${window} sec.` : `${window / 60} min.`
    throw expired(text(signedAt), text(now - window), text(now), words)
  }
  if (signedAt - now > skewSeconds) throw notYetCurrent(text(signedAt), text(now + skewSeconds), text(now))
}

function requireScope(parts: CredentialParts, timestamp: string, context: VerifyContext): void {
  let problems = ''
  if (!context.isRegion(parts.region)) problems += wrongRegion
  if (!context.services.includes(parts.service)) problems += wrongService(context.services[0] ?? '')
  if (parts.terminator !== 'aws4_request') problems += wrongTerminator(parts.terminator)
  const day = timestamp.slice(0, 8)
  if (parts.date !== day) problems += wrongScopeDate(parts.date, day, timestamp)
  if (problems) throw badScope(problems)
}

async function signatureMatches(
  request: SignedRequest,
  claim: Claim,
  parts: CredentialParts,
  timestamp: string,
  key: CryptoKey,
): Promise<boolean> {
  const mac = signatureForm.test(claim.signature) ? decodeHex(claim.signature) : undefined
  if (!mac) return false
  const payloadHash = await sha256Hex(request.body)
  let foreignPayload = false
  const signed = await stringToSign({
    method: request.method,
    path: claim.path,
    query: claim.query,
    signedHeaders: claim.signedHeaders,
    header: (name) => {
      const value = request.header(name) ?? rebuiltHeader(name, claim.host, request.body)
      if (name === 'x-amz-content-sha256' && value !== payloadHash) foreignPayload = true
      return value
    },
    payloadHash,
    timestamp,
    scope: `${parts.date}/${parts.region}/${parts.service}/aws4_request`,
  })
  return (await crypto.subtle.verify('HMAC', key, mac, signed)) && !foreignPayload
}

function rebuiltHeader(name: string, host: string, body: Bytes): string | null {
  if (name === 'host') return host
  if (name === 'content-length') return String(body.length)
  return null
}
