import { describe, expect, it } from 'vitest'
import { type Credentials, type FetchInit, type HttpKmsOptions, httpKms, KmsRequestError } from '../../src/client'

const endpoint = 'https://kms.example/base'
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'a secret of forty characters or so ......',
}
const startMs = Date.UTC(2026, 10, 24, 9)
const ok = (body = '{"KeyId":"k"}') => new Response(body)
const refusal = (status: number, code: string, headers: Record<string, string> = {}, message = 'words') =>
  new Response(JSON.stringify({ __type: code, message }), {
    status,
    headers: { 'x-amzn-requestid': 'r-1', ...headers },
  })
const throttled = () => refusal(400, 'ThrottlingException')

interface Sent extends FetchInit {
  readonly url: string
}

/** A client whose endpoint gives these answers, the last one again and again. */
function client(answers: readonly (() => Response)[], more: Partial<HttpKmsOptions> = {}) {
  const sent: Sent[] = []
  let count = 0
  const fetch = async (url: string, init: FetchInit) => {
    sent.push({ url, ...init })
    const answer = answers[Math.min(count++, answers.length - 1)]
    if (!answer) throw new TypeError('fetch failed')
    return answer()
  }
  const kms = httpKms({ endpoint, region: 'eu-west-1', credentials, now: () => startMs, fetch, ...more })
  return { kms, sent }
}
const errorOf = (call: Promise<unknown>): Promise<KmsRequestError> =>
  call.then(
    () => {
      throw new Error('was not refused')
    },
    (error) => error,
  )

describe('httpKms', () => {
  it('sends the JSON protocol, signed for endpoint, Region and service', async () => {
    const { kms, sent } = client([() => ok('{"CiphertextBlob":"AQID","KeyId":"arn"}')])
    const Plaintext = Uint8Array.of(1, 2, 3)
    const output = await kms.encrypt({ KeyId: 'k', Plaintext, EncryptionContext: { a: 'b' } })
    expect(output).toEqual({ CiphertextBlob: Plaintext, KeyId: 'arn' })
    const [request] = sent
    expect(request).toMatchObject({
      url: endpoint,
      method: 'POST',
      redirect: 'manual',
      body: '{"KeyId":"k","Plaintext":"AQID","EncryptionContext":{"a":"b"}}',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.Encrypt',
        'x-amz-date': '20261124T090000Z',
      },
    })
    expect(request?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/20261124\/eu-west-1\/kms\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
    )
    expect(request?.headers).not.toHaveProperty('host')
    expect(request?.headers).not.toHaveProperty('x-amz-security-token')
  })

  it('calls any operation by name', async () => {
    const { kms, sent } = client([() => ok('{"Keys":[]}'), () => ok('')])
    expect(await kms.call('ListKeys', {})).toEqual({ Keys: [] })
    expect(await kms.call('EnableKey', { KeyId: 'k' })).toEqual({})
    expect(sent.map(({ headers }) => headers['x-amz-target'])).toEqual([
      'TrentService.ListKeys',
      'TrentService.EnableKey',
    ])
  })

  const refusals: [string, () => Response, object][] = [
    [
      'a refusal',
      () => refusal(400, 'DisabledException'),
      { code: 'DisabledException', message: 'words', status: 400 },
    ],
    ['a name in front', () => refusal(400, 'com.amazonaws.kms#DisabledException'), { code: 'DisabledException' }],
    ['no message', () => new Response('{"__type":"InvalidCiphertextException"}', { status: 400 }), { message: '' }],
    [
      'a capital',
      () => new Response('{"__type":"A","Message":"words"}', { status: 403 }),
      { code: 'A', message: 'words' },
    ],
    [
      'a page',
      () => new Response('<html>', { status: 404 }),
      { code: 'UnknownError', message: expect.stringContaining('404') },
    ],
    ['JSON that is none of ours', () => new Response('null', { status: 400 }), { code: 'UnknownError' }],
    ['a type that is none', () => new Response('{"__type":7}', { status: 400 }), { code: 'UnknownError' }],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
      { status: 302 },
    ],
  ]
  it.each(refusals)('throws %s, and asks no second time', async (_, answer, expected) => {
    const { kms, sent } = client([answer])
    const error = await errorOf(kms.encrypt({ KeyId: 'k', Plaintext: new TextEncoder().encode('very secret') }))
    expect(error).toBeInstanceOf(KmsRequestError)
    expect(error).toMatchObject(expected)
    expect(error.name).toBe(error.code)
    expect(sent).toHaveLength(1)
    expect(JSON.stringify(error) + error.stack).not.toMatch(/very secret|dmVyeSBz|a secret of/)
  })

  it('tells the request id', async () => {
    expect(await errorOf(client([() => refusal(400, 'A')]).kms.describeKey({ KeyId: 'k' }))).toMatchObject({
      requestId: 'r-1',
    })
  })

  it('throws what fetch throws, and asks no second time', async () => {
    const { kms, sent } = client([])
    await expect(kms.describeKey({ KeyId: 'k' })).rejects.toThrow('fetch failed')
    expect(sent).toHaveLength(1)
  })

  it('refuses an endpoint that is no URL', () => {
    expect(() => client([ok], { endpoint: 'kms.example' })).toThrow(TypeError)
  })
})

describe('further attempts', () => {
  const passing: [string, () => Response][] = [
    ['throttling', throttled],
    ['429', () => new Response('', { status: 429 })],
    ['500', () => refusal(500, 'KMSInternalException')],
    ['503', () => new Response('overloaded', { status: 503 })],
  ]
  it.each(passing)('after %s', async (_, answer) => {
    const { kms, sent } = client([answer, answer, ok])
    expect(await kms.describeKey({ KeyId: 'k' })).toEqual({ KeyId: 'k' })
    expect(sent).toHaveLength(3)
  })

  it.each([1, 2, 4])('are never more than %i', async (maxAttempts) => {
    const { kms, sent } = client([throttled], { maxAttempts })
    expect(await errorOf(kms.describeKey({ KeyId: 'k' }))).toMatchObject({ code: 'ThrottlingException' })
    expect(sent).toHaveLength(maxAttempts)
  })

  it('end when the signal is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const { kms, sent } = client([throttled], { maxAttempts: 1_000 })
    const call = errorOf(kms.describeKey({ KeyId: 'k' }, { signal: controller.signal }))
    setTimeout(() => controller.abort(reason), 50)
    expect(await call).toBe(reason)
    expect(sent[0]?.signal).toBe(controller.signal)
    const count = sent.length
    expect(await errorOf(kms.describeKey({ KeyId: 'k' }, { signal: controller.signal }))).toBe(reason)
    expect(sent).toHaveLength(count)
  })
})

describe('a clock that is wrong', () => {
  const serverMs = startMs + 3_600_000
  const date = new Date(serverMs).toUTCString()
  const expired = () => refusal(400, 'InvalidSignatureException', { date })
  const dates = (sent: readonly Sent[]) => sent.map(({ headers }) => headers['x-amz-date'])

  it('is set right by the date header, once, and stays so', async () => {
    const { kms, sent } = client([expired, ok])
    await kms.describeKey({ KeyId: 'k' })
    await kms.describeKey({ KeyId: 'k' })
    expect(dates(sent)).toEqual(['20261124T090000Z', '20261124T100000Z', '20261124T100000Z'])
  })

  it('is no reason to go on for ever', async () => {
    const { kms, sent } = client([expired])
    expect(await errorOf(kms.describeKey({ KeyId: 'k' }))).toMatchObject({ code: 'InvalidSignatureException' })
    expect(sent).toHaveLength(2)
  })

  it('is set right once in a call, wherever the other clock runs to', async () => {
    let hours = 0
    const running = () =>
      refusal(400, 'InvalidSignatureException', { date: new Date(startMs + ++hours * 3_600_000).toUTCString() })
    const { kms, sent } = client([running], { maxAttempts: 5 })
    expect(await errorOf(kms.describeKey({ KeyId: 'k' }))).toMatchObject({ code: 'InvalidSignatureException' })
    expect(sent).toHaveLength(2)
  })

  it('is set right for the next call where this one has no attempt left', async () => {
    const { kms, sent } = client([expired, ok], { maxAttempts: 1 })
    expect(await errorOf(kms.describeKey({ KeyId: 'k' }))).toMatchObject({ code: 'InvalidSignatureException' })
    await kms.describeKey({ KeyId: 'k' })
    expect(dates(sent)[1]).toBe('20261124T100000Z')
  })

  const others: [string, () => Response][] = [
    ['a wrong secret', () => refusal(400, 'InvalidSignatureException', { date: new Date(startMs).toUTCString() })],
    ['no date', () => refusal(400, 'InvalidSignatureException')],
    ['a date that is none', () => refusal(400, 'InvalidSignatureException', { date: 'yesterday' })],
    ['another refusal', () => refusal(400, 'DisabledException', { date })],
  ]
  it.each(others)('is not the reason: %s', async (_, answer) => {
    const { kms, sent } = client([answer])
    await errorOf(kms.describeKey({ KeyId: 'k' }))
    expect(sent).toHaveLength(1)
  })
})

describe('credentials', () => {
  function provider(lifeMs: number, nowMs = () => startMs) {
    let asked = 0
    const give = async (): Promise<Credentials> => ({
      accessKeyId: `ASIA${++asked}`,
      secretAccessKey: `secret ${asked}`,
      sessionToken: `token ${asked}`,
      expiration: new Date(nowMs() + lifeMs),
    })
    return { give, asked: () => asked }
  }

  it('of a provider are asked for once, with their token in the signature', async () => {
    const { give, asked } = provider(3_600_000)
    const { kms, sent } = client([ok], { credentials: give })
    await kms.describeKey({ KeyId: 'k' })
    await kms.describeKey({ KeyId: 'k' })
    expect(asked()).toBe(1)
    expect(sent[0]?.headers['x-amz-security-token']).toBe('token 1')
    expect(sent[0]?.headers.authorization).toMatch(/Credential=ASIA1\/.*;x-amz-security-token;/)
  })

  it('are asked for again when less than a minute is left', async () => {
    let nowMs = startMs
    const { give, asked } = provider(900_000, () => nowMs)
    const { kms, sent } = client([ok], { credentials: give, now: () => nowMs })
    const counts = []
    for (const ms of [0, 839_999, 1, 0]) {
      nowMs += ms
      await kms.describeKey({ KeyId: 'k' })
      counts.push(asked())
    }
    expect(counts).toEqual([1, 1, 2, 2])
    expect(sent[2]?.headers['x-amz-security-token']).toBe('token 2')
    expect(sent[2]?.headers.authorization).not.toBe(sent[1]?.headers.authorization)
  })

  it('that cannot be had are the error of the call', async () => {
    const { kms, sent } = client([ok], { credentials: () => Promise.reject(new Error('sign in first')) })
    await expect(kms.describeKey({ KeyId: 'k' })).rejects.toThrow('sign in first')
    expect(sent).toHaveLength(0)
  })
})
