import { describe, expect, it } from 'vitest'
import { KmsError } from '../../src/model/errors'
import { dispatch, type QueryInbound } from '../../src/wire'
import { ask, door, faults, form, json, requestId, seen } from './helpers'

describe('a signed JSON call', () => {
  it('arrives with everything the service needs', async () => {
    expect(await dispatch(await ask({ body: '{"Limit":1}' }), door())).toEqual({
      protocol: 'json',
      service: 'kms',
      region: 'us-east-1',
      target: 'ListKeys',
      bodyText: '{"Limit":1}',
      requestId,
      sourceIp: '192.0.2.1',
      userAgent: 'test/1',
      host: 'kms.example',
      secureTransport: true,
      credential: expect.objectContaining({ principal: expect.objectContaining({ accountId: '111122223333' }) }),
    })
  })

  const passing: [string, Parameters<typeof ask>[0], string, string][] = [
    [
      'content type with a charset',
      { headers: { ...json, 'content-type': 'application/x-amz-json-1.1; charset=utf-8' } },
      '/',
      'ListKeys',
    ],
    [
      'content type in capitals',
      { headers: { ...json, 'content-type': 'Application/X-Amz-Json-1.1' } },
      '/',
      'ListKeys',
    ],
    ['path prefix', { url: 'https://h.example/kms/' }, '/kms/', 'ListKeys'],
    ['path prefix without its slash', { url: 'https://h.example/kms' }, '/kms/', 'ListKeys'],
    ['base path without its slash', { url: 'https://h.example/kms/' }, '/kms', 'ListKeys'],
    ['port', { url: 'http://127.0.0.1:8787/' }, '/', 'ListKeys'],
    ['broken JSON, which the operation refuses', { body: '{' }, '/', 'ListKeys'],
    ['empty body', { body: '' }, '/', 'ListKeys'],
    [
      'CloudTrail, long target',
      {
        service: 'cloudtrail',
        headers: { ...json, 'x-amz-target': 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents' },
      },
      '/',
      'LookupEvents',
    ],
    [
      'CloudTrail, short target',
      { service: 'cloudtrail', headers: { ...json, 'x-amz-target': 'CloudTrail_20131101.LookupEvents' } },
      '/',
      'LookupEvents',
    ],
  ]
  it.each(passing)('%s', async (_name, changes, basePath, target) => {
    expect(await dispatch(await ask(changes), door({ basePath }))).toMatchObject({ protocol: 'json', target })
  })
})

describe('refused at the door', () => {
  const nowhere: [number, string] = [404, '<UnknownOperationException/>\n']
  const unknown: [number, string] = [400, '{"__type":"UnknownOperationException"}']
  const target = (text: string) => ({ headers: { ...json, 'x-amz-target': text } })
  const rows: [string, Parameters<typeof ask>[0], [number, string]][] = [
    [
      'no content type',
      { headers: { 'x-amz-target': json['x-amz-target'] }, body: new Uint8Array([0x7b, 0x7d]) },
      nowhere,
    ],
    ['JSON 1.0', { headers: { ...json, 'content-type': 'application/x-amz-json-1.0' } }, nowhere],
    ['application/json', { headers: { ...json, 'content-type': 'application/json' } }, nowhere],
    ['GET', { method: 'GET', headers: {} }, nowhere],
    ['GET with the JSON type', { method: 'GET' }, nowhere],
    ['PUT', { method: 'PUT' }, nowhere],
    ['OPTIONS', { method: 'OPTIONS' }, nowhere],
    ['another path', { url: 'https://kms.example/elsewhere' }, nowhere],
    ['path within', { url: 'https://kms.example/a/' }, nowhere],
    ['no target', { headers: { 'content-type': json['content-type'] } }, unknown],
    ['lower-case target', target('trentservice.listkeys'), unknown],
    ['target without prefix', target('ListKeys'), unknown],
    ['unknown operation', target('TrentService.Explode'), unknown],
    ['operation of Object', target('TrentService.constructor'), unknown],
    ['the target of another service', target('CloudTrail_20131101.LookupEvents'), unknown],
    [
      'bytes that are not UTF-8',
      { body: new Uint8Array([0x22, 0xff, 0x22]) },
      [400, '{"__type":"SerializationException"}'],
    ],
    [
      'scope of another service',
      { service: 'sts' },
      [
        400,
        `{"__type":"InvalidSignatureException","message":"Credential should be scoped to correct service: 'kms'. "}`,
      ],
    ],
    [
      'unknown key, before broken UTF-8 and unknown target are looked at',
      { accessKeyId: 'AKIDNOBODY', ...target('x'), body: new Uint8Array([0xff]) },
      [
        400,
        '{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}',
      ],
    ],
  ]
  it.each(rows)('%s', async (_name, changes, expected) => {
    expect(await seen(await dispatch(await ask(changes), door()))).toEqual(expected)
  })

  it('unsigned', async () => {
    const request = new Request('https://kms.example/', { method: 'POST', headers: json, body: '{' })
    expect(await seen(await dispatch(request, door()))).toEqual([
      400,
      '{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}',
    ])
  })
})

describe('AssumeRoleWithWebIdentity, unsigned', () => {
  const action = 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&WebIdentityToken=a.b.c'
  const endpoint = 'https://kms.example/'
  const post = (body: string | Uint8Array<ArrayBuffer>, url = endpoint, headers: Record<string, string> = form) =>
    new Request(url, { method: 'POST', headers: { 'user-agent': 'test/1', ...headers }, body })

  it.each([
    ['by form', post(action)],
    ['by query string', new Request(`${endpoint}?${action}`, { headers: { 'user-agent': 'test/1' } })],
    [
      'with the action in the query string',
      post(action.slice(action.indexOf('Version')), `${endpoint}?Action=AssumeRoleWithWebIdentity`),
    ],
  ])('passes %s', async (_name, request) => {
    const inbound = await dispatch(request, door({ findSigningKey: () => expect.unreachable() }))
    expect(inbound).toMatchObject({
      protocol: 'query',
      service: 'sts',
      target: 'AssumeRoleWithWebIdentity',
      credential: undefined,
      region: 'us-east-1',
      sourceIp: '192.0.2.1',
      userAgent: 'test/1',
      requestId,
    })
    expect((inbound as QueryInbound).parameters.get('WebIdentityToken')).toBe('a.b.c')
  })

  const missing = '<Code>MissingAuthenticationToken</Code>'
  it.each([
    ['another action', post('Action=AssumeRole&RoleArn=r')],
    ['another action after it', post(`${action}&Action=GetCallerIdentity`)],
    ['another action in the body', post('Action=GetSessionToken', `${endpoint}?Action=AssumeRoleWithWebIdentity`)],
    ['another spelling', post(action.replace('AssumeRole', 'assumeRole'))],
    ['a longer name', post(action.replace('Identity', 'Identity2'))],
    ['the name as a value', post('Action=GetSessionToken&X=AssumeRoleWithWebIdentity')],
    ['no action', post('Version=2011-06-15')],
    ['bytes that are not UTF-8', post(new Uint8Array([...new TextEncoder().encode(action), 0xff]))],
    ['a body over 128 KiB', post(`${action}&Policy=${'x'.repeat(128 * 1024)}`)],
  ])('refuses %s', async (_name, request) => {
    const [status, body] = await seen(await dispatch(request, door()))
    expect([status, body.includes(missing)]).toEqual([403, true])
  })

  it('is no way into the JSON protocol', async () => {
    const [status, body] = await seen(await dispatch(post(action, endpoint, json), door()))
    expect([status, body]).toEqual([
      400,
      '{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}',
    ])
  })

  it('that claims a signature is held to it', async () => {
    const signed = await ask({ headers: form, service: 'sts', body: action })
    expect(await dispatch(signed, door())).toMatchObject({
      target: 'AssumeRoleWithWebIdentity',
      credential: { service: 'sts' },
    })
    const unknown = await ask({ headers: form, service: 'sts', body: action, accessKeyId: 'AKIDNOBODY' })
    expect((await seen(await dispatch(unknown, door())))[1]).toContain('InvalidClientTokenId')
    for (const [headers, url] of [
      [{ ...form, authorization: 'Bearer x' }, endpoint],
      [form, `${endpoint}?X-Amz-Signature=x`],
      [form, `${endpoint}?X-Amz-Security-Token=x`],
    ] as const) {
      expect((await seen(await dispatch(post(action, url, headers), door())))[0]).toBeGreaterThanOrEqual(400)
    }
  })
})

describe('size', () => {
  const tooLarge: [number, string] = [413, '{"__type":"RequestEntityTooLargeException"}']
  const mebibyte = 1024 * 1024
  const chunked = (chunks: number, onPull: () => void) =>
    new ReadableStream(
      {
        pull(controller) {
          onPull()
          if (chunks-- > 0) controller.enqueue(new Uint8Array(65536))
          else controller.close()
        },
      },
      { highWaterMark: 0 },
    )

  it('a declared length over 1 MiB is refused before a byte is read', async () => {
    let pulled = 0
    const body = chunked(1, () => pulled++)
    const headers = { ...json, 'content-length': String(mebibyte + 1) }
    const request = new Request('https://kms.example/', {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit)
    expect(await seen(await dispatch(request, door()))).toEqual(tooLarge)
    expect(pulled).toBe(0)
  })
  it.each(['none', 'x', '-1'])('an endless stream is cut off, declared length %s', async (declared) => {
    let pulled = 0
    const body = chunked(Number.POSITIVE_INFINITY, () => pulled++)
    const headers = { ...json, ...(declared !== 'none' && { 'content-length': declared }) }
    const request = new Request('https://kms.example/', {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    } as RequestInit)
    expect(await seen(await dispatch(request, door()))).toEqual(tooLarge)
    expect(pulled).toBeLessThan(20)
  })
  it('a declared length that is not true is found out', async () => {
    const body = chunked(17, () => undefined)
    const headers = { ...json, 'content-length': '10' }
    const init = { method: 'POST', headers, body, duplex: 'half' }
    expect(await seen(await dispatch(new Request('https://kms.example/', init as RequestInit), door()))).toEqual(
      tooLarge,
    )
  })
  it('exactly 1 MiB passes', async () => {
    expect(await dispatch(await ask({ body: 'x'.repeat(mebibyte) }), door())).toMatchObject({ target: 'ListKeys' })
    expect(await seen(await dispatch(await ask({ body: 'x'.repeat(mebibyte + 1) }), door()))).toEqual(tooLarge)
  })
  it('a body that breaks off is refused', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
    const request = new Request('https://kms.example/', {
      method: 'POST',
      headers: json,
      body,
      duplex: 'half',
    } as RequestInit)
    expect(await seen(await dispatch(request, door()))).toEqual([400, '{"__type":"SerializationException"}'])
  })
})

describe('faults behind the door', () => {
  const failing = (error: unknown) => door({ findSigningKey: () => Promise.reject(error) })

  it('an unexpected error becomes a bare 500 and is reported', async () => {
    faults.length = 0
    const fault = new Error('secret detail')
    const [status, body] = await seen(await dispatch(await ask(), failing(fault)))
    expect([status, JSON.parse(body).__type]).toEqual([500, 'KMSInternalException'])
    expect(body).not.toContain('secret detail')
    const xml = await seen(
      await dispatch(await ask({ headers: form, service: 'sts', body: 'Action=x' }), failing(fault)),
    )
    expect(xml[0]).toBe(500)
    expect(xml[1]).toContain('<Type>Receiver</Type>')
    expect(xml[1]).not.toContain('secret detail')
    expect(faults).toEqual([fault, fault])
  })
  it('an error of the service keeps its code', async () => {
    faults.length = 0
    const response = await dispatch(await ask(), failing(new KmsError('ThrottlingException', 'slow')))
    expect(await seen(response)).toEqual([400, '{"__type":"ThrottlingException","message":"slow"}'])
    expect(faults).toEqual([])
  })
})

it('replies carry the headers of AWS', async () => {
  const response = await dispatch(await ask({ accessKeyId: 'AKIDNOBODY' }), door())
  expect(Object.fromEntries((response as Response).headers)).toEqual({
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': requestId,
    'x-amzn-errortype': 'UnrecognizedClientException',
    'cache-control': 'no-cache, no-store, must-revalidate, private',
    expires: '0',
    pragma: 'no-cache',
    date: 'Tue, 24 Nov 2026 09:00:00 GMT',
  })
})

it('reads each header once', async () => {
  const request = await ask()
  const read: string[] = []
  const get = (name: string) => {
    read.push(name)
    return request.headers.get(name)
  }
  const watched = new Proxy(request, {
    get: (target, property) => {
      if (property === 'headers') return { get }
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  expect(await dispatch(watched, door())).toMatchObject({ target: 'ListKeys' })
  expect(read.length).toBe(new Set(read).size)
  expect(read.length).toBeLessThanOrEqual(9)
})
