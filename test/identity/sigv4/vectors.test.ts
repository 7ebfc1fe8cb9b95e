import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { verifySignature } from '../../../src/identity/sigv4'
import { asSigned, context, type PlainRequest } from './helpers'

interface Recorded {
  origin: string
  signedAtMs: number
  cases: { name: string; service: string; credentials: { sessionToken?: string }; request: PlainRequest }[]
}
const recorded: Recorded = JSON.parse(readFileSync(new URL('../vectors/sigv4-botocore.json', import.meta.url), 'utf8'))

describe(`recorded: ${recorded.origin}`, () => {
  const at = context({ nowMs: recorded.signedAtMs, services: ['kms', 'sts'] })

  it.each(recorded.cases.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const found = await verifySignature(asSigned(row.request), at)
    expect(found).toMatchObject({ service: row.service, region: 'us-east-1', signedAtMs: recorded.signedAtMs })
    expect(found.sessionToken).toBe(row.credentials.sessionToken)
  })

  /** Each byte in turn with its lowest bit or its case turned over. */
  const tampered = (text: string) =>
    Array.from(text, (character, index) =>
      [1, 0x20].map((bit) => {
        const other = String.fromCharCode(character.charCodeAt(0) ^ bit)
        return text.slice(0, index) + other + text.slice(index + 1)
      }),
    ).flat()

  const refusalCodes = [
    'IncompleteSignatureException',
    'InvalidSignatureException',
    'UnrecognizedClientException',
    'MissingAuthenticationTokenException',
  ]
  const code = (request: PlainRequest) =>
    verifySignature(asSigned(request), at).then(
      () => 'verified',
      (error) => error.code,
    )
  const named = (name: string) => recorded.cases.find((row) => row.name === name)?.request as PlainRequest

  it('no byte of a header-signed request can change', async () => {
    const request = named('kms header')
    for (const method of tampered(request.method))
      expect(await code({ ...request, method })).toBe('InvalidSignatureException')
    for (const body of tampered(request.body))
      expect(await code({ ...request, body })).toBe('InvalidSignatureException')
    for (const url of tampered(request.url).slice(16)) {
      // An escaped fragment or query is no part of the path; everything else is signed.
      if (!/[?#]/.test(url)) expect([url, await code({ ...request, url })]).toEqual([url, 'InvalidSignatureException'])
    }
    for (const [name, value] of Object.entries(request.headers)) {
      for (const other of tampered(value)) {
        const result = await code({ ...request, headers: { ...request.headers, [name]: other } })
        if (result === 'verified') expect(equivalent(value, other)).toBe(true)
        else expect(refusalCodes).toContain(result)
      }
    }
  })
  /** Turning the case of a name in SignedHeaders changes nothing: names have no case. */
  const equivalent = (value: string, other: string) => {
    const lower = (text: string) =>
      text.replace(/SignedHeaders=[^,]*/, (part) => `S${part.slice(1).replace(/=.*/, (rest) => rest.toLowerCase())}`)
    return lower(value) === lower(other)
  }
  it('no byte of a presigned query string can change', async () => {
    const request = named('sts presigned with token')
    const start = request.url.indexOf('?') + 1
    for (const query of tampered(request.url.slice(start))) {
      const url = request.url.slice(0, start) + query
      const result = await code({ ...request, url })
      const same = new URL(url).searchParams.toString() === new URL(request.url).searchParams.toString()
      if (result === 'verified') expect(same || /SignedHeaders=[^&]*[A-Z]/.test(url)).toBe(true)
      else expect(refusalCodes).toContain(result)
    }
  })
})

// Origin: "aws-sig-v4-test-suite", published with the AWS General Reference (2015): AKIDEXAMPLE, us-east-1, `service`.
const suite: [string, string, string, Record<string, string>, string, string][] = [
  ['get-vanilla', 'GET', '/', {}, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '/', {}, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ['get-relative', 'GET', '/example/..', {}, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-slashes', 'GET', '//example//', {}, '', '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'],
  ['get-utf8', 'GET', '/\u1234', {}, '', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  ['get-space', 'GET', '/example space/', {}, '', '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741'],
  [
    'get-vanilla-empty-query-key',
    'GET',
    '/?Param1=value1',
    {},
    '',
    'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  ],
  [
    'get-vanilla-query-order-key-case',
    'GET',
    '/?Param2=value2&Param1=value1',
    {},
    '',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-header-value-trim',
    'GET',
    '/',
    { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    '',
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'post-x-www-form-urlencoded',
    'POST',
    '/',
    { 'content-type': 'application/x-www-form-urlencoded' },
    'Param1=value1',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
]

describe('AWS SigV4 test suite', () => {
  it.each(suite)('%s', async (_name, method, path, headers, body, signature) => {
    const all: Record<string, string> = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z', ...headers }
    const names = Object.keys(all).sort().join(';')
    all.authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`
    const request = asSigned({ method, url: `https://example.amazonaws.com${path}`, headers: all, body })
    const nowMs = Date.UTC(2015, 7, 30, 12, 36)
    const secretOf = context({ nowMs, services: ['service'] })
    expect(await verifySignature(request, secretOf)).toMatchObject({ service: 'service' })
  })
})
