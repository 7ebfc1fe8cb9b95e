import { describe, expect, it } from 'vitest'
import { presignUrl, type SignOptions, signRequest, verifySignature } from '../../../src/identity/sigv4'
import { asSigned, context, long, nowMs, type PlainRequest, scope } from './helpers'

const url = 'https://kms.us-east-1.amazonaws.com/'
const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' }
const options: SignOptions = { ...scope, credentials: long }

async function signed(
  changes: Partial<SignOptions> = {},
  headers: Record<string, string> = json,
): Promise<PlainRequest> {
  const request = { method: 'POST', url, headers, body: '{}' }
  return { ...request, headers: await signRequest(request, { ...options, ...changes }) }
}

const failure = async (request: PlainRequest, changes = {}) => {
  const error = await verifySignature(asSigned(request), context(changes)).then(
    () => ({ code: 'verified', message: '' }),
    (reason) => reason,
  )
  return { code: error.code, message: error.message }
}

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const credential = 'AKIDEXAMPLE/20261124/us-east-1/kms/aws4_request'
const signature = 'a'.repeat(64)
const full = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`
const withCredential = (text: string) => full.replace(credential, text)

describe('refusals by Authorization header', () => {
  // [case, Authorization, other headers, code, message]
  const date = { 'x-amz-date': '20261124T090000Z' }
  const rows: [string, string | undefined, Record<string, string>, string, string][] = [
    ['none', undefined, date, 'MissingAuthenticationTokenException', 'Missing Authentication Token'],
    [
      'unknown algorithm',
      'AWS4-HMAC-SHA512 a',
      date,
      'IncompleteSignatureException',
      "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.",
    ],
    ['bearer', 'Bearer x', date, 'IncompleteSignatureException', "Unsupported AWS 'algorithm': 'Bearer'."],
    ['empty', '', date, 'IncompleteSignatureException', "Unsupported AWS 'algorithm': ''."],
    [
      'not key=value',
      'AWS4-HMAC-SHA256 Credential=a, SignedHeaders, Signature=b',
      date,
      'IncompleteSignatureException',
      "'SignedHeaders' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders, Signature=b'.",
    ],
    [
      'nothing but the algorithm',
      'AWS4-HMAC-SHA256',
      {},
      'IncompleteSignatureException',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      'only the missing parts',
      `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host`,
      date,
      'IncompleteSignatureException',
      "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      'no date',
      full,
      {},
      'IncompleteSignatureException',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      'host not signed, before the date is looked at',
      full.replace('host;', ''),
      { 'x-amz-date': 'yesterday' },
      'InvalidSignatureException',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'target not signed',
      full,
      { ...date, 'x-amz-target': 'TrentService.Encrypt' },
      'InvalidSignatureException',
      "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      'token not signed',
      full,
      { ...date, 'x-amz-security-token': 't' },
      'InvalidSignatureException',
      "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    ...[
      '20261124',
      '2026-11-24T09:00:00Z',
      '20261324T090000Z',
      '20260231T090000Z',
      '20260024T090000Z',
      '20261100T090000Z',
      '00991124T090000Z',
      '20261124T096000Z',
      '',
    ].map((text): [string, string, Record<string, string>, string, string] => [
      `date ${text}`,
      withCredential('four/parts/too/few'),
      { 'x-amz-date': text },
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    ]),
    ...['four/parts/too/few', `${credential}/more`, `${credential}/`, ''].map(
      (text): [string, string, Record<string, string>, string, string] => [
        `credential ${text}`,
        withCredential(text),
        date,
        'IncompleteSignatureException',
        `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${text}'`,
      ],
    ),
    [
      'Region',
      withCredential('AKIDEXAMPLE/20261124/mars-1/kms/aws4_request'),
      date,
      'InvalidSignatureException',
      'Credential should be scoped to a valid region. ',
    ],
    [
      'service',
      withCredential('AKIDEXAMPLE/20261124/us-east-1/s3/aws4_request'),
      date,
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'kms'. ",
    ],
    [
      'terminator',
      withCredential('AKIDEXAMPLE/20261124/us-east-1/kms/aws5_request'),
      date,
      'InvalidSignatureException',
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
    ],
    [
      'scope date',
      withCredential('AKIDEXAMPLE/20261123/us-east-1/kms/aws4_request'),
      date,
      'InvalidSignatureException',
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261123' != '20261124', from '20261124T090000Z'.",
    ],
    [
      'everything in the scope, before the unknown key',
      withCredential('AKIDNOBODY/1/2/3/4'),
      date,
      'InvalidSignatureException',
      "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'kms'. Credential should be scoped with a valid terminator: 'aws4_request', not '4'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '1' != '20261124', from '20261124T090000Z'.",
    ],
    [
      'expired, before the credential is looked at',
      withCredential('x'),
      { 'x-amz-date': '20261124T085459Z' },
      'InvalidSignatureException',
      'Signature expired: 20261124T085459Z is now earlier than 20261124T085500Z (20261124T090000Z - 5 min.)',
    ],
    [
      'not yet current',
      withCredential('x'),
      { 'x-amz-date': '20261124T090501Z' },
      'InvalidSignatureException',
      'Signature not yet current: 20261124T090501Z is still later than 20261124T090500Z (20261124T090000Z + 5 min.)',
    ],
    [
      'unknown key',
      full.replace('AKIDEXAMPLE', 'AKIDNOBODY'),
      date,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ],
    [
      'forged token',
      full.replace('x-amz-date', 'x-amz-date;x-amz-security-token'),
      { ...date, 'x-amz-security-token': 'forged' },
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ],
    [
      'expired token',
      full.replace('x-amz-date', 'x-amz-date;x-amz-security-token'),
      { ...date, 'x-amz-security-token': 'expired' },
      'ExpiredTokenException',
      'The security token included in the request is expired',
    ],
    ['wrong signature', full, date, 'InvalidSignatureException', mismatch],
    ['short signature', full.replace(signature, 'ab'), date, 'InvalidSignatureException', mismatch],
    ['signed header that cannot be', full.replace('x-amz-date', 'x amz'), date, 'InvalidSignatureException', mismatch],
    [
      'too many signed headers',
      full.replace('host;', 'host;'.repeat(101)),
      date,
      'InvalidSignatureException',
      mismatch,
    ],
  ]
  it.each(rows)('%s', async (_name, authorization, headers, code, message) => {
    const all = {
      host: 'kms.us-east-1.amazonaws.com',
      ...headers,
      ...(authorization !== undefined && { authorization }),
    }
    expect(await failure({ method: 'POST', url, headers: all, body: '{}' })).toEqual({ code, message })
  })
})

describe('skew', () => {
  const rows: [string, number, string][] = [
    ['300 s behind', -300_000, 'verified'],
    ['300.999 s behind, the second not over', -300_999, 'verified'],
    ['301 s behind', -301_000, 'InvalidSignatureException'],
    ['300 s ahead', 300_000, 'verified'],
    ['301 s ahead', 301_000, 'InvalidSignatureException'],
  ]
  it.each(rows)('signed %s', async (_name, offsetMs, code) => {
    const request = await signed({ nowMs })
    expect((await failure(request, { nowMs: nowMs - offsetMs })).code).toBe(code)
  })
  it('gives the principal and the scope of a good signature', async () => {
    expect(await verifySignature(asSigned(await signed()), context())).toEqual({
      accessKeyId: 'AKIDEXAMPLE',
      date: '20261124',
      region: 'us-east-1',
      service: 'kms',
      principal: { kind: 'root', accountId: '111122223333', accessKeyId: 'AKIDEXAMPLE' },
      signedAtMs: nowMs,
      presigned: false,
    })
  })
})

describe('dates', () => {
  it.each([
    ['IMF-fixdate in a Date header', { date: 'Tue, 24 Nov 2026 09:00:00 GMT' }, 'InvalidSignatureException'],
    ['a sloppy Date header', { date: '24 Nov 2026 09:00:00' }, 'IncompleteSignatureException'],
    ['IMF-fixdate in X-Amz-Date', { 'x-amz-date': 'Tue, 24 Nov 2026 09:00:00 GMT' }, 'IncompleteSignatureException'],
  ])('%s', async (_name, headers, code) => {
    expect((await failure({ method: 'POST', url, headers: { authorization: full, ...headers }, body: '' })).code).toBe(
      code,
    )
  })
})

describe('payload', () => {
  it.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', '0'.repeat(64)])('%s is refused', async (hash) => {
    const request = await signed({}, { ...json, 'x-amz-content-sha256': hash })
    expect((await failure(request)).message).toBe(mismatch)
  })
  it('the real hash passes', async () => {
    const hash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' // SHA-256 of {}
    expect((await failure(await signed({}, { ...json, 'x-amz-content-sha256': hash }))).code).toBe('verified')
  })
})

describe('headers that a service worker does not show', () => {
  it('host and content-length are rebuilt', async () => {
    const request = await signed({}, { ...json, 'content-length': '2' })
    const { host: _host, 'content-length': _length, ...shown } = request.headers
    expect((await failure({ ...request, headers: shown })).code).toBe('verified')
    expect((await failure({ ...request, headers: shown, url: 'https://other.example/' })).message).toBe(mismatch)
  })
})

it('accepts a body and headers of any kind, but only as signed', async () => {
  // Six sets that real SDKs sign: boto3, Go v2, Java v2, JS v3 in Node, JS v3 in a browser, curl.
  const sets = [
    [],
    ['amz-sdk-invocation-id', 'amz-sdk-request', 'content-length'],
    ['amz-sdk-invocation-id', 'amz-sdk-request', 'content-length', 'x-amz-content-sha256'],
    ['amz-sdk-invocation-id', 'amz-sdk-request', 'content-length', 'x-amz-content-sha256', 'x-amz-user-agent'],
    ['x-amz-content-sha256', 'x-amz-user-agent'],
    ['accept', 'accept-encoding'],
  ]
  const values: Record<string, string> = {
    'content-length': '2',
    'x-amz-content-sha256': '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  }
  for (const set of sets) {
    const headers = { ...json, ...Object.fromEntries(set.map((name) => [name, values[name] ?? `value of  ${name} `])) }
    const request = await signed({}, headers)
    expect(await failure(request)).toEqual({ code: 'verified', message: '' })
    for (const name of Object.keys(headers)) {
      const changed = { ...request, headers: { ...request.headers, [name]: `${request.headers[name]}x` } }
      expect([name, (await failure(changed)).message]).toEqual([name, mismatch])
    }
  }
})

describe('presigned', () => {
  const request = { method: 'POST', url: 'https://example.com/kms/?a=b', headers: json, body: '{}' }
  const presign = (expiresSeconds = 900, credentials = long) =>
    presignUrl(request, { ...options, credentials, expiresSeconds })
  const at = (text: string, changes = {}, headers: Record<string, string> = json) =>
    failure({ ...request, headers, url: text }, changes)

  it('verifies to its last second', async () => {
    const text = await presign()
    expect((await at(text)).code).toBe('verified')
    expect((await at(text, { nowMs: nowMs + 900_000 })).code).toBe('verified')
    expect((await at(text, { nowMs: nowMs + 901_000 })).message).toBe(
      'Signature expired: 20261124T090000Z is now earlier than 20261124T090001Z (20261124T091501Z - 15 min.)',
    )
    expect((await at(text, { nowMs: nowMs - 301_000 })).code).toBe('InvalidSignatureException')
    expect(await verifySignature(asSigned({ ...request, url: text }), context())).toMatchObject({ presigned: true })
  })
  it('takes 1 to 604800 seconds', async () => {
    for (const seconds of [1, 604_800]) expect((await at(await presign(seconds))).code).toBe('verified')
    for (const seconds of [0, -1, 1.5, 604_801, Number.NaN]) {
      expect((await at(await presign(seconds))).code).toBe('IncompleteSignatureException')
    }
  })
  it('names every missing parameter', async () => {
    expect(await at('https://example.com/kms/?X-Amz-Signature=0')).toEqual({
      code: 'IncompleteSignatureException',
      message:
        "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    })
  })
  it('refuses two signatures at once, and a target that is not signed', async () => {
    const text = await presign()
    expect((await at(text, {}, { ...json, authorization: full })).message).toBe(mismatch)
    const bare = await presignUrl({ ...request, headers: {} }, { ...options, expiresSeconds: 60 })
    expect((await at(bare)).message).toBe("'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.")
  })
  it('carries a session token', async () => {
    const session = { ...long, sessionToken: 'a+b/c==' }
    const found = await verifySignature(asSigned({ ...request, url: await presign(60, session) }), context())
    expect(found.sessionToken).toBe('a+b/c==')
  })
})
