import { describe, expect, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../src/codec/bytes'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import {
  type Answer,
  allow,
  base64,
  type Caller,
  callerIdentity,
  deployed,
  kms,
  kmsRequest,
  lookup,
  newKey,
  newRegion,
  newUser,
  otherRoot,
  readAnswer,
  root,
  signedRequest,
} from './front-door'
import { harmless, logStaysEmpty } from './harmless'
import { callerOf, newRole, query, type SessionCaller, session, sts } from './identities'

logStaysEmpty()

describe('session tokens', () => {
  const nobody = { json: 'UnrecognizedClientException', query: 'InvalidClientTokenId' } as const

  async function refusedEverywhere(region: string, caller: Caller): Promise<void> {
    await harmless(region, async () => {
      expect([(await kms(deployed, caller, region, 'ListKeys')).code]).toEqual([nobody.json])
      expect((await sts(caller, { Action: 'GetCallerIdentity' })).code).toBe(nobody.query)
      expect((await query('iam', caller, { Action: 'ListUsers' })).code).toBe(nobody.query)
      await expect(lookup(deployed, caller, region)).rejects.toThrow(nobody.json)
    })
  }

  async function open() {
    const region = newRegion()
    await newKey(region)
    const user = await newUser({ p: allow('sts:AssumeRole') })
    const { arn } = await newRole({ AWS: root.accountId }, ['kms:*', 'sts:*', 'iam:*', 'cloudtrail:*'])
    const own = await session(user, arn)
    expect((await kms(deployed, own, region, 'ListKeys')).status).toBe(200)
    return { region, user, arn, own }
  }
  const withToken = (caller: Caller, sessionToken: string) => ({ ...caller, sessionToken }) as SessionCaller

  it('truncated at any place, lengthened, or in another spelling', async () => {
    const { region, own } = await open()
    const { sessionToken: token } = own
    const places = [0, 1, 2, 10, 40, Math.floor(token.length / 2), token.length - 2, token.length - 1]
    const changed = [
      ...places.map((place) => token.slice(0, place)).filter(Boolean),
      `${token}A`,
      `${token}AAAA`,
      `${token}=`,
      token.replaceAll('-', '+').replaceAll('_', '/').concat('=='),
      token + token,
      'x'.repeat(4_097),
    ]
    await harmless(region, async () => {
      for (const each of changed) {
        const { code } = await kms(deployed, withToken(own, each), region, 'ListKeys')
        expect([each.length, code]).toEqual([each.length, nobody.json])
      }
    })
  })

  it('with one bit flipped, wherever', async () => {
    const { region, own } = await open()
    const bytes = decodeBase64Url(own.sessionToken)
    if (!bytes) throw new Error('the token is no base64url')
    const step = Math.max(1, Math.floor(bytes.length / 60))
    await harmless(
      region,
      async () => {
        for (let place = 0; place < bytes.length; place += step) {
          const flipped = Uint8Array.from(bytes)
          flipped[place] = (flipped[place] as number) ^ (1 << (place % 8))
          const { code } = await kms(deployed, withToken(own, encodeBase64Url(flipped)), region, 'ListKeys')
          expect([place, code]).toEqual([place, nobody.json])
        }
      },
      15,
    )
  })

  it('of another session, user, account, or of none', async () => {
    const { region, user, arn, own } = await open()
    const other = await session(user, arn)
    const foreignUser = await newUser({ p: allow('sts:AssumeRole') }, otherRoot.accountId)
    const foreignRole = await newRole({ AWS: otherRoot.accountId }, ['kms:*'], otherRoot)
    const foreign = await session(foreignUser, foreignRole.arn)
    const random = crypto.getRandomValues(new Uint8Array(5))
    const asOf = (accountId: string) => ({ ...own, accessKeyId: encodeAccessKeyId(accountId, random, 'ASIA') })
    const { sessionToken: _, ...bare } = own
    const callers: Caller[] = [
      withToken(own, other.sessionToken),
      withToken(own, foreign.sessionToken),
      withToken(foreign, own.sessionToken),
      asOf(root.accountId),
      asOf(otherRoot.accountId),
      asOf('777788889999'),
      bare,
      withToken(user, own.sessionToken),
      withToken(root, own.sessionToken),
    ]
    for (const caller of callers) await refusedEverywhere(region, caller)
  })

  it('that is another kind of token', async () => {
    const { region, own } = await open()
    const KeyId = await newKey(region)
    const grantee = { GranteePrincipal: `arn:aws:iam::${root.accountId}:root`, Operations: ['Encrypt'] }
    const { GrantToken } = (await kms(deployed, root, region, 'CreateGrant', { KeyId, ...grantee })).output
    const { NextMarker } = (await kms(deployed, root, region, 'ListKeys', { Limit: 1 })).output
    for (const token of [GrantToken, NextMarker]) await refusedEverywhere(region, withToken(own, token))
  })

  it('with the secret of another, the right token is a wrong signature', async () => {
    const { region, user, arn, own } = await open()
    const { secretAccessKey } = await session(user, arn)
    await harmless(region, async () => {
      const mixed = { ...own, secretAccessKey }
      expect((await kms(deployed, mixed, region, 'ListKeys')).code).toBe('InvalidSignatureException')
      expect((await sts(mixed, { Action: 'GetCallerIdentity' })).code).toBe('SignatureDoesNotMatch')
    })
  })

  it('whose header was exchanged after signing', async () => {
    const { region, user, arn, own } = await open()
    const other = await session(user, arn)
    await harmless(region, async () => {
      const request = await kmsRequest(own, region, 'ListKeys', '{}')
      for (const token of [other.sessionToken, '']) {
        const headers = new Headers(request.headers)
        if (token) headers.set('x-amz-security-token', token)
        else headers.delete('x-amz-security-token')
        const answer = await readAnswer(
          await deployed.fetch(new Request(request.url, { method: 'POST', headers, body: '{}' })),
        )
        expect(answer.status).toBe(400)
        expect(answer.code).toMatch(/^(UnrecognizedClientException|InvalidSignatureException)$/)
      }
    })
  })

  it('a request that is sent again an hour later', async () => {
    const { region, own } = await open()
    const nowMs = Date.now() - 3_600_000
    const stale = await signedRequest(own, {
      region,
      nowMs,
      body: '{}',
      headers: { 'x-amz-target': 'TrentService.ListKeys' },
    })
    expect(await harmless(region, async () => readAnswer(await deployed.fetch(stale)))).toMatchObject({
      code: 'InvalidSignatureException',
      message: expect.stringContaining('Signature expired'),
    })
  })

  it('presigned with a forged token', async () => {
    const { own } = await open()
    expect((await callerIdentity(deployed, withToken(own, `${own.sessionToken}AAAA`))).status).toBe(403)
  })

  it('a session of a session gets no more than the first one', async () => {
    const { own } = await open()
    expect(await sts(own, { Action: 'GetSessionToken' })).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect((await sts(own, { Action: 'GetFederationToken', Name: 'bob' })).status).toBe(403)
    const user = await newUser({ p: allow('sts:*', 'kms:*', 'iam:*') })
    const temporary = callerOf(await sts(user, { Action: 'GetSessionToken' }))
    expect((await query('iam', temporary, { Action: 'ListUsers' })).code).toMatch(/AccessDenied|InvalidClientTokenId/)
  })
})

describe('grant tokens', () => {
  async function open() {
    const region = newRegion()
    const KeyId = await newKey(region)
    const grantee = await newUser({})
    const arn = (await sts(grantee, { Action: 'GetCallerIdentity' })).of('Arn')
    const made = await kms(deployed, root, region, 'CreateGrant', {
      KeyId,
      GranteePrincipal: arn,
      RetiringPrincipal: arn,
      Operations: ['Encrypt'],
    })
    return { region, KeyId, grantee, token: made.output.GrantToken as string, GrantId: made.output.GrantId as string }
  }
  const use = (caller: Caller, region: string, KeyId: string, ...GrantTokens: string[]): Promise<Answer> =>
    kms(deployed, caller, region, 'Encrypt', { KeyId, Plaintext: base64('x'), GrantTokens })
  const flip = (token: string, place: number) => {
    const bytes = Uint8Array.from(decodeBase64Url(token) ?? expect.fail('the token is no base64url'))
    bytes[place] = (bytes[place] as number) ^ 1
    return encodeBase64Url(bytes)
  }

  it('truncated, lengthened, flipped, invented: InvalidGrantTokenException for use and for retirement', async () => {
    const { region, KeyId, grantee, token } = await open()
    const length = decodeBase64Url(token)?.length ?? 0
    const forged = [
      token.slice(0, -1),
      token.slice(0, 20),
      `${token}A`,
      token + token,
      'x',
      'A'.repeat(8_192),
      ...Array.from({ length: 12 }, (_, i) => flip(token, Math.floor((i * (length - 1)) / 11))),
    ]
    await harmless(region, async () => {
      for (const each of forged) {
        expect((await use(grantee, region, KeyId, each)).code).toBe('InvalidGrantTokenException')
        expect((await use(root, region, KeyId, token, each)).code).toBe('InvalidGrantTokenException')
        const retired = await kms(deployed, grantee, region, 'RetireGrant', { GrantToken: each })
        expect(retired.code).toBe('InvalidGrantTokenException')
      }
      const many = Array.from({ length: 11 }, () => token)
      expect((await use(grantee, region, KeyId, ...many)).code).toBe('ValidationException')
    })
    expect((await use(grantee, region, KeyId, token)).status).toBe(200)
  })

  it('of another Region, account or key brings nothing', async () => {
    const [here, there] = [await open(), await open()]
    const elsewhere = await newKey(here.region)
    await harmless(here.region, async () => {
      expect((await use(here.grantee, here.region, here.KeyId, there.token)).code).toBe('InvalidGrantTokenException')
      expect((await use(here.grantee, here.region, elsewhere, here.token)).code).toBe('AccessDeniedException')
      expect((await use(there.grantee, here.region, here.KeyId, here.token)).code).toBe('AccessDeniedException')
      const foreign = await newUserOfOther()
      const arn = `arn:aws:kms:${here.region}:${root.accountId}:key/${here.KeyId}`
      expect((await use(foreign, here.region, arn, here.token)).code).toBe('AccessDeniedException')
      expect((await use(foreign, here.region, arn, 'forged')).code).toBe('AccessDeniedException')
    })
  })
  const newUserOfOther = () => newUser({ p: allow('kms:*') }, otherRoot.accountId)

  it('of a grant that is gone, sent again', async () => {
    const { region, KeyId, grantee, token, GrantId } = await open()
    expect((await kms(deployed, grantee, region, 'RetireGrant', { GrantToken: token })).status).toBe(200)
    await harmless(region, async () => {
      expect((await use(grantee, region, KeyId, token)).code).toBe('AccessDeniedException')
      expect((await kms(deployed, grantee, region, 'RetireGrant', { GrantToken: token })).code).toBe(
        'NotFoundException',
      )
      expect((await kms(deployed, root, region, 'RevokeGrant', { KeyId, GrantId })).code).toBe('NotFoundException')
    })
  })
})

describe('markers', () => {
  it('truncated, flipped, of another listing, key, Region or account: InvalidMarkerException', async () => {
    const region = newRegion()
    const KeyId = await newKey(region)
    const second = await newKey(region)
    const arn = `arn:aws:iam::${root.accountId}:root`
    for (let i = 0; i < 2; i++) {
      await kms(deployed, root, region, 'CreateAlias', { AliasName: `alias/a${i}`, TargetKeyId: KeyId })
      const grant = { KeyId, GranteePrincipal: arn, RetiringPrincipal: arn, Operations: ['Encrypt'] }
      await kms(deployed, root, region, 'CreateGrant', grant)
    }
    const listings: [operation: string, input: object][] = [
      ['ListKeys', {}],
      ['ListAliases', {}],
      ['ListGrants', { KeyId }],
      ['ListRetirableGrants', { RetiringPrincipal: arn }],
    ]
    const markers: string[] = []
    for (const [operation, input] of listings) {
      const { output } = await kms(deployed, root, region, operation, { ...input, Limit: 1 })
      expect([operation, output.Truncated]).toEqual([operation, true])
      markers.push(output.NextMarker)
    }
    const other = newRegion()
    await newKey(other)
    await harmless(region, async () => {
      for (const [i, [operation, input]] of listings.entries()) {
        const own = markers[i] as string
        const page = (Marker: string, caller: Caller = root, at = region, more: object = {}) =>
          kms(deployed, caller, at, operation, { ...input, ...more, Marker })
        expect((await page(own)).status).toBe(200)
        const flipped = `${own.slice(0, 30)}${own[30] === 'A' ? 'B' : 'A'}${own.slice(31)}`
        for (const marker of [own.slice(0, -1), flipped, `${own}A`, 'x', ...markers.filter((each) => each !== own)]) {
          expect([operation, (await page(marker)).code]).toEqual([operation, 'InvalidMarkerException'])
        }
        if (operation === 'ListGrants') {
          expect((await page(own, root, region, { KeyId: second })).code).toBe('InvalidMarkerException')
        }
        if (operation === 'ListKeys' || operation === 'ListAliases') {
          expect((await page(own, otherRoot)).code).toBe('InvalidMarkerException')
          expect((await page(own, root, other)).code).toBe('InvalidMarkerException')
        }
      }
    })
  })

  it('of IAM and of CloudTrail', async () => {
    const region = newRegion()
    await newKey(region)
    await newUser({})
    await newUser({})
    const list = (Marker: string | undefined, Action = 'ListUsers', caller: Caller = root) =>
      query('iam', caller, { Action, ...(Marker ? { Marker } : { MaxItems: '1' }) })
    const marker = (await list(undefined)).of('Marker') ?? ''
    expect(marker).not.toBe('')
    await harmless(region, async () => {
      for (const forged of ['=', '%', '_w', 'é']) expect((await list(forged)).code).toBe('InvalidInput')
      // A marker of IAM is a place in the caller's own listing, whoever made it.
      const zeros = encodeBase64Url(new Uint8Array(200))
      for (const forged of [marker.slice(0, -1), `${marker}A`, 'x', zeros]) {
        for (const [action, caller] of [
          ['ListUsers', otherRoot],
          ['ListRoles', root],
        ] as const) {
          const { status, text } = await list(forged, action, caller)
          expect([200, 400]).toContain(status)
          const arns = text.match(/arn:aws:iam::\d{12}:\w+/g) ?? []
          const own = `arn:aws:iam::${caller.accountId}:${action === 'ListUsers' ? 'user' : 'role'}`
          expect(arns.filter((arn) => arn !== own)).toEqual([])
        }
      }
      const body = JSON.stringify({ NextToken: 'forged' })
      const target = 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents'
      const headers = { 'x-amz-target': target }
      const request = await signedRequest(root, { service: 'cloudtrail', region, body, headers })
      expect((await readAnswer(await deployed.fetch(request))).code).toBe('InvalidNextTokenException')
    })
  })
})
