import { deriveSigningKey, importSecret } from '../identity/sigv4/keys'
import { type SigningCredentials, signRequest } from '../identity/sigv4/sign'
import { formatBasicTime } from '../identity/sigv4/time'
import { KmsRequestError } from './errors'
import { type Fetch, globalFetch, sleep } from './runtime'

export interface Credentials extends SigningCredentials {
  /** Of temporary credentials. */
  readonly expiration?: Date | undefined
}

/** Where requests go and who signs them. */
export interface EndpointOptions {
  /** Absolute URL; a path in it is part of the endpoint. */
  readonly endpoint: string
  /** The Region that is signed for, which is the Region of the keys. */
  readonly region: string
  /** A provider is asked again when less than a minute of what it gave is left. Its errors are thrown as they are. */
  readonly credentials: Credentials | (() => Promise<Credentials>)
  readonly fetch?: Fetch
  /** Milliseconds; Date.now unless given. */
  readonly now?: () => number
  /** Of one call, the first one included; 3 unless given. */
  readonly maxAttempts?: number
}

/** What the text of a refusal says, as far as it is one of the service. */
export interface Refusal {
  readonly code?: string | undefined
  readonly message?: string | undefined
}

/** Sends one request and gives the text of its success. */
export type Send = (headers: Record<string, string>, body: string, signal?: AbortSignal) => Promise<string>

const renewBeforeMs = 60_000
const baseDelayMs = 100
const maxDelayMs = 5_000
/** A difference that may be the reason why a signature was refused; servers allow five minutes. */
const leastSkewMs = 60_000

const throttling = /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/
const aboutTime = /^(InvalidSignature|SignatureDoesNotMatch|RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)/

/**
 * POST with Signature Version 4. Throttling and 5xx are tried again after a random delay that may double each time, and a
 * signature that the service finds out of time once more by the service's clock: together never more than `maxAttempts`.
 * Throws KmsRequestError for a refusal, the signal's reason, and what `fetch` throws.
 */
export function createSender(options: EndpointOptions, service: string, readRefusal: (text: string) => Refusal): Send {
  const { region, credentials, fetch = globalFetch, now = Date.now, maxAttempts = 3 } = options
  const url = new URL(options.endpoint).href
  let skewMs = 0
  // Settled values alone: in a Worker no request may wait for another one's promise.
  let known = typeof credentials === 'function' ? undefined : credentials
  let signing: { readonly by: Credentials; readonly date: string; readonly key: CryptoKey } | undefined

  async function currentCredentials(): Promise<Credentials> {
    if (typeof credentials !== 'function') return credentials
    const expiresAtMs = known?.expiration?.getTime() ?? Infinity
    if (!known || expiresAtMs - renewBeforeMs <= now() + skewMs) known = await credentials()
    return known
  }

  async function signingKey(by: Credentials, nowMs: number): Promise<CryptoKey> {
    const date = formatBasicTime(nowMs).slice(0, 8)
    if (signing?.by !== by || signing.date !== date) {
      const key = await deriveSigningKey(await importSecret(by.secretAccessKey), { date, region, service })
      signing = { by, date, key }
    }
    return signing.key
  }

  async function attempt(headers: Record<string, string>, body: string, signal?: AbortSignal): Promise<Response> {
    const by = await currentCredentials()
    const nowMs = now() + skewMs
    const signed = await signRequest(
      { method: 'POST', url, headers, body },
      { credentials: by, region, service, nowMs, signingKey: await signingKey(by, nowMs) },
    )
    // The runtime writes it itself, and some refuse to be told.
    delete signed.host
    return fetch(url, { method: 'POST', headers: signed, body, redirect: 'manual', ...(signal ? { signal } : {}) })
  }

  /** Whether the service's clock is another one than the clock that signed. */
  function learnTime(response: Response): boolean {
    const serverMs = Date.parse(response.headers.get('date') ?? '')
    const isOff = Math.abs(serverMs - now() - skewMs) > leastSkewMs
    if (isOff) skewMs = serverMs - now()
    return isOff
  }

  return async (headers, body, signal) => {
    let isTimed = false
    for (let count = 1; ; count++) {
      signal?.throwIfAborted()
      const response = await attempt(headers, body, signal)
      const text = await response.text()
      if (response.ok) return text
      const { status } = response
      const { code = 'UnknownError', message = `The endpoint answered with HTTP status ${status}.` } = readRefusal(text)
      const mayBeTime: boolean = !isTimed && aboutTime.test(code) && learnTime(response)
      isTimed ||= mayBeTime
      const isPassing = status === 429 || status >= 500 || throttling.test(code)
      if (count >= maxAttempts || !(mayBeTime || isPassing)) {
        throw new KmsRequestError(code, message, response.headers.get('x-amzn-requestid') ?? undefined, status)
      }
      if (!mayBeTime) await sleep(Math.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** count), signal)
    }
  }
}
