import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { allow, deployed, lookup, manage, newRegion, newUser, root } from './front-door'
import { callerOf, iam, sts, trust } from './identities'

const pin = (body: unknown, caller = root, region = newRegion()) =>
  manage(deployed, caller, region, 'POST', '/api/provider-keys', body as object)

/** A provider whose keys are never fetched, since its name is local, and a role that trusts it. */
async function provider() {
  const name = `idp-${crypto.randomUUID().slice(0, 8)}.local`
  await iam(root, { Action: 'CreateOpenIDConnectProvider', Url: `https://${name}`, 'ClientIDList.member.1': 'app' })
  const RoleName = `web-${crypto.randomUUID().slice(0, 8)}`
  const federated = { Federated: `arn:aws:iam::${root.accountId}:oidc-provider/${name}` }
  const AssumeRolePolicyDocument = trust(federated, 'sts:AssumeRoleWithWebIdentity')
  await iam(root, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument })
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const kid = 'k1'
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(`https://${name}`)
    .setAudience('app')
    .setSubject('alice')
    .setExpirationTime('5m')
    .sign(privateKey)
  const ask = () =>
    sts(undefined, {
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: `arn:aws:iam::${root.accountId}:role/${RoleName}`,
      RoleSessionName: 'page',
      WebIdentityToken: token,
    })
  const publicJwk = { ...(await exportJWK(publicKey)), kid }
  return { url: `https://${name}`, ask, publicJwk, privateJwk: { ...(await exportJWK(privateKey)), kid } }
}

describe('POST /api/provider-keys', () => {
  it('puts keys in the place of those that would be fetched, and lets go of them again', async () => {
    const { url, ask, publicJwk } = await provider()
    expect(await ask()).toMatchObject({ status: 400, code: 'IDPCommunicationError' })
    expect((await pin({ url, jwks: { keys: [publicJwk] } })).status).toBe(200)
    expect(callerOf(await ask()).accessKeyId).toMatch(/^ASIA/)
    expect((await pin({ url, jwks: null })).status).toBe(200)
    expect((await ask()).code).toBe('IDPCommunicationError')
  })

  it('takes public keys of a provider that is there, from whoever may', async () => {
    const { url, publicJwk, privateJwk } = await provider()
    const keys = [publicJwk]
    const refusals: [body: unknown, code: string][] = [
      [{ url: 'https://nobody.example', jwks: { keys } }, 'NotFoundException'],
      [{ url, jwks: { keys: [privateJwk] } }, 'ValidationException'],
      [{ url, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'ValidationException'],
      [{ url, jwks: { keys: [] } }, 'ValidationException'],
      [{ url, jwks: { keys: Array.from({ length: 51 }, () => publicJwk) } }, 'ValidationException'],
      [{ url, jwks: { keys: [{ ...publicJwk, x5c: 'A'.repeat(70_000) }] } }, 'ValidationException'],
      [{ url }, 'ValidationException'],
      [{ jwks: { keys } }, 'ValidationException'],
    ]
    for (const [body, code] of refusals) expect((await pin(body)).code, JSON.stringify(body).slice(0, 90)).toBe(code)
    const region = newRegion()
    const other = await newUser({ p: allow('kms:*', 'iam:*') })
    expect((await pin({ url, jwks: { keys } }, other, region)).code).toBe('AccessDeniedException')
    const may = await newUser({ p: allow('subtle-kms:PinProviderKeys') })
    expect((await pin({ url, jwks: { keys } }, may, region)).status).toBe(200)
    const records = await lookup(deployed, root, region)
    expect(records.map(({ eventName, errorCode }) => [eventName, errorCode])).toEqual([
      ['PinProviderKeys', undefined],
      ['PinProviderKeys', 'AccessDenied'],
    ])
  })
})
