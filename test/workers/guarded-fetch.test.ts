import { describe, expect, it, vi } from 'vitest'
import { createJwksFetcher, urlProblem } from '../../worker/guarded-fetch'

const issuer = 'https://idp.example.com/tenant'
const discovery = `${issuer}/.well-known/openid-configuration`
const jwksUri = 'https://keys.example.net/jwks'
const keys = [{ kty: 'EC', kid: 'a' }]

type Answer = Response | Error | (() => Response | Promise<Response>)

/** A network that knows these documents, and a clock that moves by hand. */
function network(documents: Readonly<Record<string, unknown>> = {}) {
  const answers: Record<string, unknown> = {
    [discovery]: { issuer, jwks_uri: jwksUri },
    [jwksUri]: { keys },
    ...documents,
  }
  let nowMs = 1_000_000
  const fetch = vi.fn(async (url: string, init: RequestInit): Promise<Response> => {
    expect(init).toMatchObject({ redirect: 'manual', headers: { accept: 'application/json' } })
    expect(init.signal).toBeInstanceOf(AbortSignal)
    const answer = answers[url] as Answer | object | undefined
    if (answer instanceof Error) throw answer
    if (answer instanceof Response) return answer
    if (typeof answer === 'function') return answer()
    return answer === undefined ? new Response('', { status: 404 }) : Response.json(answer)
  })
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  return {
    fetch,
    answers,
    jwks: createJwksFetcher({ fetch, nowMs: () => nowMs }),
    pass: (ms: number) => {
      nowMs += ms
    },
    asked: () => fetch.mock.calls.map(([url]) => url),
  }
}

const unreachable = { code: 'IDPCommunicationError', status: 400 }

describe('the keys of an issuer', () => {
  it('are found by its configuration', async () => {
    const { jwks, asked } = network()
    expect(await jwks(issuer)).toEqual({ keys })
    expect(asked()).toEqual([discovery, jwksUri])
  })

  it('of an issuer that ends with a slash', async () => {
    const slashed = `${issuer}/`
    const { jwks } = network({ [discovery]: { issuer: slashed, jwks_uri: jwksUri } })
    expect(await jwks(slashed)).toEqual({ keys })
  })

  it('serve for ten minutes', async () => {
    const { jwks, pass, fetch } = network()
    await jwks(issuer)
    pass(10 * 60_000 - 1)
    await jwks(issuer)
    expect(fetch).toHaveBeenCalledTimes(2)
    pass(1)
    await jwks(issuer)
    expect(fetch).toHaveBeenCalledTimes(4)
  })

  it('are asked for anew for an unknown key id, once a minute', async () => {
    const { jwks, pass, fetch } = network()
    for (let i = 0; i < 5; i++) await jwks(issuer, { unknownKid: true })
    expect(fetch).toHaveBeenCalledTimes(2)
    pass(60_000)
    for (let i = 0; i < 5; i++) await jwks(issuer, { unknownKid: true })
    expect(fetch).toHaveBeenCalledTimes(4)
    pass(59_999)
    await jwks(issuer, { unknownKid: true })
    expect(fetch).toHaveBeenCalledTimes(4)
  })

  it('at once for many requests, are still asked for anew once', async () => {
    const { jwks, pass, fetch } = network()
    await jwks(issuer)
    pass(60_000)
    await Promise.all(Array.from({ length: 5 }, () => jwks(issuer, { unknownKid: true })))
    expect(fetch).toHaveBeenCalledTimes(4)
  })

  it('of issuers do not mix', async () => {
    const other = 'https://other.example.com'
    const { jwks } = network({
      [`${other}/.well-known/openid-configuration`]: { issuer: other, jwks_uri: 'https://other.example.com/jwks' },
      'https://other.example.com/jwks': { keys: [] },
    })
    expect([await jwks(issuer), await jwks(other), await jwks(issuer)]).toEqual([{ keys }, { keys: [] }, { keys }])
  })

  it('that were good serve on while the provider fails', async () => {
    const { jwks, pass, answers } = network()
    await jwks(issuer)
    answers[discovery] = new Error('down')
    pass(60_000)
    expect(await jwks(issuer, { unknownKid: true })).toEqual({ keys })
    pass(9 * 60_000)
    await expect(jwks(issuer)).rejects.toMatchObject(unreachable)
  })

  it('a provider that fails is left alone for a moment', async () => {
    const { jwks, pass, answers, fetch } = network()
    answers[discovery] = new Error('down')
    for (let i = 0; i < 3; i++) await expect(jwks(issuer)).rejects.toMatchObject(unreachable)
    expect(fetch).toHaveBeenCalledTimes(1)
    answers[discovery] = { issuer, jwks_uri: jwksUri }
    pass(5_000)
    expect(await jwks(issuer)).toEqual({ keys })
  })
})

describe('what a provider may not do', () => {
  const redirect = () => new Response(null, { status: 302, headers: { location: jwksUri } })
  const large = () => new Response(JSON.stringify({ keys: [{ kid: 'x'.repeat(256 * 1024) }] }))
  const endless = () => {
    const chunk = new Uint8Array(65_536).fill(32)
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }))
  }
  const rows: [string, Record<string, unknown>][] = [
    ['redirect its configuration', { [discovery]: redirect }],
    ['redirect its keys', { [jwksUri]: redirect }],
    ['send too much', { [jwksUri]: large }],
    ['send without end', { [discovery]: endless }],
    ['fail', { [jwksUri]: () => new Response('', { status: 500 }) }],
    ['be gone', { [discovery]: undefined }],
    ['break off', { [discovery]: new TypeError('network error') }],
    ['speak of another issuer', { [discovery]: { issuer: 'https://idp.example.com', jwks_uri: jwksUri } }],
    ['speak of no issuer', { [discovery]: { jwks_uri: jwksUri } }],
    ['have no keys', { [discovery]: { issuer } }],
    ['send no JSON', { [discovery]: () => new Response('<html>') }],
    ['send a list', { [discovery]: [] }],
    ['point to the metadata of a cloud', { [discovery]: { issuer, jwks_uri: 'https://169.254.169.254/latest' } }],
    ['point to this machine', { [discovery]: { issuer, jwks_uri: 'https://localhost/jwks' } }],
    ['point to HTTP', { [discovery]: { issuer, jwks_uri: 'http://keys.example.net/jwks' } }],
    ['point to a file', { [discovery]: { issuer, jwks_uri: 'file:///etc/passwd' } }],
  ]
  it.each(rows)('%s', async (_name, documents) => {
    const { jwks, asked } = network(documents)
    await expect(jwks(issuer)).rejects.toMatchObject(unreachable)
    expect(asked().every((url) => url === discovery || url === jwksUri)).toBe(true)
  })

  it('send a set that is none', async () => {
    const { jwks } = network({ [jwksUri]: { keys: 'x' } })
    await expect(jwks(issuer)).rejects.toMatchObject({ code: 'InvalidIdentityToken' })
  })

  it('take for ever', async () => {
    vi.useFakeTimers()
    try {
      const timeout = vi.spyOn(AbortSignal, 'timeout')
      await network().jwks(issuer)
      expect(timeout.mock.calls).toEqual([[5_000], [5_000]])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('URLs', () => {
  it.each([
    'https://idp.example.com',
    'https://idp.example.com/',
    'https://idp.example.com/a/b',
    'https://IDP.Example.com',
    'https://idp.example.com:443/',
    'https://xn--bcher-kva.example',
    'https://localhost.example.com',
    'https://10.example.com',
  ])('%s may be asked for', (url) => expect(urlProblem(url)).toBeUndefined())

  it.each([
    ['', 'it is no URL'],
    ['idp.example.com', 'it is no URL'],
    ['http://idp.example.com', 'it is not HTTPS'],
    ['ftp://idp.example.com', 'it is not HTTPS'],
    ['javascript:alert(1)', 'it is not HTTPS'],
    ['https://user@idp.example.com', 'it holds credentials'],
    ['https://:pass@idp.example.com', 'it holds credentials'],
    ['https://idp.example.com:8443', 'it names a port'],
    ['https://idp.example.com/?a', 'it has a query or a fragment'],
    ['https://idp.example.com/#a', 'it has a query or a fragment'],
    ['https://127.0.0.1', 'its host is an address'],
    ['https://127.1', 'its host is an address'],
    ['https://2130706433', 'its host is an address'],
    ['https://0x7f.0.0.1', 'its host is an address'],
    ['https://0177.0.0.1', 'its host is an address'],
    ['https://169.254.169.254', 'its host is an address'],
    ['https://8.8.8.8', 'its host is an address'],
    ['https://[::1]', 'its host is an address'],
    ['https://[::ffff:127.0.0.1]', 'its host is an address'],
    ['https://１２７.0.0.1', 'its host is an address'],
    ['https://localhost', 'its host is a single label'],
    ['https://intranet', 'its host is a single label'],
    ['https://localhost.', 'its host is no plain name'],
    ['https://idp.example.com.', 'its host is no plain name'],
    ['https://a.localhost', 'its host is local'],
    ['https://printer.local', 'its host is local'],
    ['https://PRINTER.LOCAL', 'its host is local'],
    ['https://metadata.google.internal', 'its host is local'],
    ['https://router.home.arpa', 'its host is local'],
  ])('%j may not: %s', (url, problem) => expect(urlProblem(url)).toBe(problem))
})
