/** The two functions of the runtime that this room calls besides what types/web.d.ts declares. */

/** `fetch`, as much of it as is used: the global one, a service binding's, or a test's. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body: string
  /** A redirect is an answer like any other: a signed request, with its session token, goes to no other host. */
  readonly redirect: 'manual'
  readonly signal?: AbortSignal
}

interface Runtime {
  readonly fetch: Fetch
  setTimeout(run: () => void, ms: number): unknown
}
interface Listening {
  addEventListener(type: 'abort', run: () => void, options: { readonly once: true }): void
}

const runtime = globalThis as unknown as Runtime

export const globalFetch: Fetch = (url, init) => runtime.fetch(url, init)

/** Ends early, with the signal's reason, when the signal is aborted. */
export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    ;(signal as unknown as Listening | undefined)?.addEventListener('abort', resolve, { once: true })
    runtime.setTimeout(resolve, ms)
  })
  signal?.throwIfAborted()
}
