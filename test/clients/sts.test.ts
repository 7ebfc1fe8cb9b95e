import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as kms from '@aws-sdk/client-kms'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Served, serve } from '../../scripts/serve.mjs'
import {
  accountId,
  asUser,
  type GivenCredentials,
  isThere,
  newStateFolder,
  region,
  removeFolder,
  runAws,
  secrets,
  shellLines,
} from './server'

/** The Directory's own method, called as an operator of the runtime may. */
interface DirectoryMethods {
  pinJwks(accountId: string, url: string, jwks: string): Promise<void>
}

interface Credentials extends GivenCredentials {
  readonly SessionToken: string
  readonly Expiration: string
}

const issuer = 'https://idp.example.com/tenant'
const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const allow = (Action: string | string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource })
const roleArn = `arn:aws:iam::${accountId}:role/ci/deployer`

/** Temporary credentials as users get and use them; each line goes on from the ones before it. */
describe.skipIf(!(await isThere('aws', '--version')))('AWS CLI, STS', () => {
  let folder: string
  let server: Served
  let lines: string
  let alice: string
  let keyId: string

  /** In the shell of the root user, or with other credentials. */
  async function aws(words: string, more: readonly string[] = [], as: GivenCredentials | string = ''): Promise<never> {
    const own = typeof as === 'string' ? as : asUser(as)
    return (await runAws(`${lines}\n${own}`, ...words.split(' '), ...more)) as never
  }
  const whoIs = async (as?: Credentials) => ((await aws('sts get-caller-identity', [], as)) as { Arn: string }).Arn
  const asAlice = () => JSON.parse(alice) as Credentials
  const credentialsOf = (answer: { readonly Credentials: Credentials }) => answer.Credentials
  const assume = (more: readonly string[] = [], as: GivenCredentials = asAlice()): Promise<Answer> =>
    aws(`sts assume-role --role-arn ${roleArn} --role-session-name build-17`, more, as)

  interface Answer {
    readonly Credentials: Credentials
    readonly AssumedRoleUser: { readonly Arn: string; readonly AssumedRoleId: string }
    readonly PackedPolicySize?: number
    readonly SourceIdentity?: string
  }

  beforeAll(async () => {
    folder = await newStateFolder()
    server = await serve({ port: 0, persistTo: folder, quiet: true, vars: { ...secrets } })
    lines = await shellLines(server.url)
    await aws('iam create-user --user-name alice')
    const made = (await aws('iam create-access-key --user-name alice')) as { AccessKey: Credentials }
    alice = JSON.stringify(made.AccessKey)
    const trust = document({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:user/alice` },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    })
    const role = ['--assume-role-policy-document', trust]
    await aws('iam create-role --role-name deployer --path /ci/ --max-session-duration 7200', role)
    const mayEncrypt = ['--policy-document', document(allow(['kms:Encrypt', 'kms:DescribeKey', 'kms:ListKeys']))]
    await aws('iam put-role-policy --role-name deployer --policy-name work', mayEncrypt)
    keyId = ((await aws('kms create-key')) as { KeyMetadata: { KeyId: string } }).KeyMetadata.KeyId
  })
  afterAll(async () => {
    await server.stop()
    await removeFolder(folder)
  })

  const encrypt = async (as: Credentials) => {
    const file = join(folder, 'plaintext')
    await writeFile(file, 'x')
    return aws(`kms encrypt --key-id ${keyId} --plaintext fileb://${file}`, [], as)
  }
  const secondsLeft = ({ Expiration }: Credentials) => (Date.parse(Expiration) - Date.now()) / 1000

  it('assume-role, and what a session may do', async () => {
    const answer = await assume()
    expect(answer).toMatchObject({
      AssumedRoleUser: {
        Arn: `arn:aws:sts::${accountId}:assumed-role/deployer/build-17`,
        AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:build-17$/),
      },
    })
    const session = credentialsOf(answer)
    expect(session.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(Math.round(secondsLeft(session) / 60)).toBe(60)
    expect(await whoIs(session)).toBe(answer.AssumedRoleUser.Arn)
    await encrypt(session)
    await expect(aws(`kms disable-key --key-id ${keyId}`, [], session)).rejects.toThrow(
      `(AccessDeniedException) when calling the DisableKey operation: User: ${answer.AssumedRoleUser.Arn} is not authorized to perform: kms:DisableKey`,
    )
    await expect(aws(`kms list-keys`, [], asAlice())).rejects.toThrow('AccessDeniedException')
  })

  it('is refused without trust', async () => {
    const bob = `arn:aws:iam::${accountId}:role/ci/other`
    await expect(aws(`sts assume-role --role-arn ${bob} --role-session-name x1`, [], asAlice())).rejects.toThrow(
      `An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::${accountId}:user/alice is not authorized to perform: sts:AssumeRole on resource: ${bob}`,
    )
    await expect(aws(`sts assume-role --role-arn ${roleArn} --role-session-name x1`)).rejects.toThrow(
      '(AccessDenied) when calling the AssumeRole operation: Roles may not be assumed by root accounts.',
    )
    const foreign = 'arn:aws:iam::777788889999:role/x'
    await expect(aws(`sts assume-role --role-arn ${foreign} --role-session-name x1`, [], asAlice())).rejects.toThrow(
      `is not authorized to perform: sts:AssumeRole on resource: ${foreign}`,
    )
  })

  it('a session policy, a duration, tags and a source identity', async () => {
    const policy = document(allow('kms:ListKeys'))
    const answer = await assume([
      '--policy',
      policy,
      '--duration-seconds',
      '900',
      '--tags',
      'Key=team,Value=blue',
      '--transitive-tag-keys',
      'team',
      '--source-identity',
      'alice',
    ])
    expect(answer).toMatchObject({ SourceIdentity: 'alice', PackedPolicySize: expect.any(Number) })
    const session = credentialsOf(answer)
    expect(Math.round(secondsLeft(session) / 60)).toBe(15)
    await aws('kms list-keys', [], session)
    await expect(encrypt(session)).rejects.toThrow('because no session policy allows the kms:Encrypt action')
    const managed = await assume(['--policy-arns', 'arn=arn:aws:iam::aws:policy/AdministratorAccess'])
    await encrypt(credentialsOf(managed))
    await expect(assume(['--duration-seconds', '7201'])).rejects.toThrow(
      'exceeds the MaxSessionDuration set for this role',
    )
    await expect(assume(['--policy', '{'])).rejects.toThrow('(MalformedPolicyDocument)')
  })

  it('a token that was changed, or belongs to another key, is nobody', async () => {
    const session = credentialsOf(await assume())
    const other = credentialsOf(await assume())
    const { SessionToken } = session
    const changed = SessionToken.slice(0, -2) + (SessionToken.endsWith('AA') ? 'BB' : 'AA')
    for (const token of [changed, other.SessionToken, SessionToken.slice(0, -4), 'x']) {
      await expect(whoIs({ ...session, SessionToken: token })).rejects.toThrow('(InvalidClientTokenId)')
    }
    const { SessionToken: _, ...bare } = session
    await expect(aws('sts get-caller-identity', [], bare)).rejects.toThrow('(InvalidClientTokenId)')
    await expect(whoIs({ ...session, SecretAccessKey: other.SecretAccessKey })).rejects.toThrow(
      '(SignatureDoesNotMatch)',
    )
    expect(await whoIs(session)).toContain('assumed-role/deployer')
  })

  it('assume-role by a profile with source credentials, as the CLI does by itself', async () => {
    const { AccessKeyId, SecretAccessKey } = asAlice()
    const config = join(folder, 'config')
    await writeFile(
      config,
      `[profile alice]\naws_access_key_id = ${AccessKeyId}\naws_secret_access_key = ${SecretAccessKey}\n[profile deployer]\nrole_arn = ${roleArn}\nsource_profile = alice\nrole_session_name = by-profile\n`,
    )
    const shell = `export AWS_CONFIG_FILE=${config} HOME=${folder} AWS_PROFILE=deployer\nunset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY`
    expect(await aws('sts get-caller-identity', [], shell)).toMatchObject({
      Arn: `arn:aws:sts::${accountId}:assumed-role/deployer/by-profile`,
    })
  })

  it('the AWS SDK uses a session', async () => {
    const { AccessKeyId, SecretAccessKey, SessionToken } = credentialsOf(await assume())
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
    const client = new kms.KMSClient({ endpoint: server.url, region, credentials, maxAttempts: 1 })
    const { CiphertextBlob } = await client.send(
      new kms.EncryptCommand({ KeyId: keyId, Plaintext: new Uint8Array([1]) }),
    )
    expect(CiphertextBlob).toBeInstanceOf(Uint8Array)
    await expect(client.send(new kms.DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    client.destroy()
  })

  it('get-session-token is the user itself, for a while', async () => {
    const session = credentialsOf(await aws('sts get-session-token --duration-seconds 900', [], asAlice()))
    expect(await whoIs(session)).toBe(`arn:aws:iam::${accountId}:user/alice`)
    await expect(aws('sts get-session-token', [], session)).rejects.toThrow(
      '(AccessDenied) when calling the GetSessionToken operation: Cannot call GetSessionToken with session credentials',
    )
    expect((await assume([], session)).AssumedRoleUser.Arn).toContain('assumed-role/deployer')
    const ofRoot = credentialsOf(await aws('sts get-session-token'))
    expect(await whoIs(ofRoot)).toBe(`arn:aws:iam::${accountId}:root`)
    expect(Math.round(secondsLeft(ofRoot) / 60)).toBe(60)
  })

  it('get-federation-token has what both the user and its policy allow', async () => {
    const federate = (more: readonly string[] = []) =>
      aws('sts get-federation-token --name bob', more, asAlice()) as Promise<{ Credentials: Credentials }>
    await expect(federate()).rejects.toThrow(
      `is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::${accountId}:federated-user/bob`,
    )
    const may = ['--policy-document', document(allow(['sts:GetFederationToken', 'kms:ListKeys', 'kms:Encrypt']))]
    await aws('iam put-user-policy --user-name alice --policy-name federate', may)
    const session = credentialsOf(await federate(['--policy', document(allow(['kms:ListKeys', 'kms:DisableKey']))]))
    expect(await whoIs(session)).toBe(`arn:aws:sts::${accountId}:federated-user/bob`)
    await aws('kms list-keys', [], session)
    await expect(encrypt(session)).rejects.toThrow('AccessDeniedException')
    await expect(aws(`kms disable-key --key-id ${keyId}`, [], session)).rejects.toThrow('AccessDeniedException')
    await expect(aws('kms list-keys', [], credentialsOf(await federate()))).rejects.toThrow('AccessDeniedException')
  })

  it('assume-role-with-web-identity, unsigned', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    await aws(`iam create-open-id-connect-provider --url ${issuer} --client-id-list app`)
    const url = issuer.slice('https://'.length)
    const namespace = await server.mf.getDurableObjectNamespace('DIRECTORY')
    const directory = namespace.get(namespace.idFromName(accountId)) as unknown as DirectoryMethods
    await directory.pinJwks(accountId, url, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] }))
    const trust = document({
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${url}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { [`${url}:aud`]: 'app' }, StringLike: { [`${url}:sub`]: 'repo:ours/*' } },
    })
    await aws('iam create-role --role-name web', ['--assume-role-policy-document', trust])
    const may = ['--policy-document', document(allow('kms:ListKeys'))]
    await aws('iam put-role-policy --role-name web --policy-name work', may)
    const token = (claims: object = {}) =>
      new SignJWT({ iss: issuer, aud: 'app', sub: 'repo:ours/app', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey)
    const webRole = `arn:aws:iam::${accountId}:role/web`
    const unsigned = 'unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN'
    const signIn = async (claims: object = {}, given?: string) =>
      aws(
        `sts assume-role-with-web-identity --role-arn ${webRole} --role-session-name browser --web-identity-token`,
        [given ?? (await token(claims))],
        unsigned,
      ) as Promise<{ Credentials: Credentials }>
    const answer = await signIn()
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: 'repo:ours/app',
      Audience: 'app',
      Provider: `arn:aws:iam::${accountId}:oidc-provider/${url}`,
      AssumedRoleUser: { Arn: `arn:aws:sts::${accountId}:assumed-role/web/browser` },
    })
    await aws('kms list-keys', [], credentialsOf(answer))

    await expect(signIn({ sub: 'repo:theirs/app' })).rejects.toThrow(
      '(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    )
    await expect(signIn({ aud: 'other' })).rejects.toThrow(
      '(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token audience',
    )
    await expect(signIn({ iss: 'https://evil.example.com' })).rejects.toThrow(
      'No OpenIDConnect provider found in your account for https://evil.example.com',
    )
    await expect(signIn({}, 'no.jwt')).rejects.toThrow('(InvalidIdentityToken)')

    const file = join(folder, 'token')
    await writeFile(file, await token())
    const shell = `${unsigned}\nexport AWS_ROLE_ARN=${webRole} AWS_WEB_IDENTITY_TOKEN_FILE=${file} AWS_ROLE_SESSION_NAME=by-file`
    expect(await aws('sts get-caller-identity', [], shell)).toMatchObject({
      Arn: `arn:aws:sts::${accountId}:assumed-role/web/by-file`,
    })
  })

  it('sessions end with what they come from', async () => {
    const [session, own] = [
      credentialsOf(await assume()),
      credentialsOf(await aws('sts get-session-token', [], asAlice())),
    ]
    await whoIs(session)
    await whoIs(own)
    const key = `--user-name alice --access-key-id ${asAlice().AccessKeyId}`
    await aws(`iam update-access-key ${key} --status Inactive`)
    await expect(whoIs(own)).rejects.toThrow('(InvalidClientTokenId)')
    await whoIs(session)
    await aws('iam delete-role-policy --role-name deployer --policy-name work')
    await expect(encrypt(session)).rejects.toThrow('AccessDeniedException')
    await aws('iam delete-role --role-name deployer')
    await expect(whoIs(session)).rejects.toThrow('(InvalidClientTokenId)')
    await expect(encrypt(session)).rejects.toThrow('(UnrecognizedClientException)')
  })

  it('get-access-key-info, and messages that nobody has encoded', async () => {
    expect(await aws(`sts get-access-key-info --access-key-id ${asAlice().AccessKeyId}`)).toEqual({
      Account: accountId,
    })
    await expect(aws('sts decode-authorization-message --encoded-message x')).rejects.toThrow(
      '(InvalidAuthorizationMessageException)',
    )
  })
})
