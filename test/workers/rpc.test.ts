import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeUtf8 } from '../../src/codec/bytes'
import { operationNames } from '../../src/model/operations'
import type { KmsClient } from '../../src/service/client'
import { KmsRpc, type RpcProps } from '../../worker/rpc'
import { deployed, env, kms, lookup, newKey, newRegion, otherRoot, root, watched } from './front-door'
import { iam, newRole, trust } from './identities'

afterEach(() => {
  vi.useRealTimers()
})

const rpc = { Service: 'rpc.subtle-kms' }
const Plaintext = encodeUtf8('card 4242')
const EncryptionContext = { tenant: '7' }

/** `env.KMS` of a Worker whose binding has these props. */
const bound = (props: unknown): KmsClient =>
  (exports as unknown as { KmsRpc(options: { props: unknown }): KmsClient }).KmsRpc({ props })

/** What a call is refused with; undefined when it is not. */
const refusal = (call: Promise<unknown>): Promise<(Error & { code?: string }) | undefined> =>
  call.then(
    () => undefined,
    (error: Error) => error,
  )

async function newBinding(actions = ['kms:*'], trusted: object = rpc, caller = root) {
  const region = newRegion()
  const role = await newRole(trusted, actions, caller)
  const props: RpcProps = { roleArn: role.arn, sessionName: 'shop', region }
  return { region, role, props, client: bound(props), KeyId: await newKey(region, caller) }
}

describe('a service binding', () => {
  it('calls KMS as a session of its role, with bytes and dates', async () => {
    const { client, KeyId, region, role } = await newBinding()
    const { CiphertextBlob, KeyId: arn } = await client.encrypt({ KeyId, Plaintext, EncryptionContext })
    expect(CiphertextBlob).toBeInstanceOf(Uint8Array)
    const opened = await client.decrypt({ CiphertextBlob: CiphertextBlob as Bytes, EncryptionContext })
    expect(opened).toMatchObject({ Plaintext, KeyId: arn })
    const { KeyMetadata } = await client.describeKey({ KeyId })
    expect(KeyMetadata?.CreationDate).toBeInstanceOf(Date)
    const { Keys } = await client.listKeys({})
    expect(Keys).toHaveLength(1)
    const [last] = await lookup(deployed, root, region)
    expect(last).toMatchObject({
      eventName: 'ListKeys',
      userAgent: 'rpc.subtle-kms',
      userIdentity: {
        type: 'AssumedRole',
        principalId: `${role.roleId}:shop`,
        arn: `arn:aws:sts::${root.accountId}:assumed-role/${role.RoleName}/shop`,
      },
    })
  })

  it('has a method for every operation and nothing else', async () => {
    const { client } = await newBinding()
    expect(operationNames.length).toBeGreaterThan(50)
    for (const name of operationNames) {
      const method = `${name.charAt(0).toLowerCase()}${name.slice(1)}` as keyof KmsClient
      const error = await refusal((client[method] as (input: object) => Promise<unknown>)({ KeyId: 'nope' }))
      // Whatever an operation says to this, it has been asked.
      if (error) expect([name, error.name]).not.toEqual([name, 'TypeError'])
    }
    const others = client as unknown as Record<string, () => Promise<unknown>>
    for (const name of ['fetch', 'answer', 'env', 'constructor', 'perform']) {
      expect(await refusal(Promise.resolve().then(() => others[name]?.()))).toBeInstanceOf(Error)
    }
  })

  it('throws errors by the code and text of AWS', async () => {
    const { client, KeyId } = await newBinding()
    const { CiphertextBlob = new Uint8Array() } = await client.encrypt({ KeyId, Plaintext, EncryptionContext })
    expect(await refusal(client.encrypt({ KeyId: 'nope', Plaintext }))).toMatchObject({
      name: 'NotFoundException',
      code: 'NotFoundException',
      message: "Invalid keyId 'nope'",
    })
    expect(await refusal(client.decrypt({ CiphertextBlob }))).toMatchObject({ name: 'InvalidCiphertextException' })
    const large = new Uint8Array(1024 * 1024)
    expect(await refusal(client.encrypt({ KeyId, Plaintext: large }))).toMatchObject({ name: 'ValidationException' })
    expect(await refusal(client.encrypt(undefined as never))).toMatchObject({ name: 'ValidationException' })
  })

  it('may do what its role may, and no more', async () => {
    const { client, KeyId } = await newBinding(['kms:Encrypt'])
    const { CiphertextBlob = new Uint8Array() } = await client.encrypt({ KeyId, Plaintext })
    const error = await refusal(client.decrypt({ CiphertextBlob }))
    expect(error).toMatchObject({ name: 'AccessDeniedException' })
    expect(error?.message).toContain(':assumed-role/')
    expect(error?.message).toContain('kms:Decrypt')
  })

  it('cannot say that it is a service', async () => {
    const { client, KeyId, region } = await newBinding()
    const statement = (Action: string, more: object) => ({
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action,
      Resource: '*',
      ...more,
    })
    const Condition = { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } }
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: root.accountId },
          Action: ['kms:PutKeyPolicy', 'kms:DescribeKey'],
          Resource: '*',
        },
        statement('kms:Encrypt', { Condition }),
      ],
    })
    expect((await kms(deployed, root, region, 'PutKeyPolicy', { KeyId, Policy })).status).toBe(200)
    const input = { KeyId, Plaintext, forwarding: { viaService: 's3.us-east-1.amazonaws.com' } }
    const call = (client.encrypt as (...args: unknown[]) => Promise<unknown>)(input, input.forwarding)
    expect(await refusal(call)).toMatchObject({ name: 'AccessDeniedException' })
  })

  it('uses a key of another account, and is on record in both', async () => {
    const { client, region } = await newBinding()
    const { output } = await kms(deployed, otherRoot, region, 'CreateKey')
    const KeyId = output.KeyMetadata.Arn as string
    expect(await refusal(client.encrypt({ KeyId, Plaintext }))).toMatchObject({ name: 'AccessDeniedException' })
    const Statement = [otherRoot, root].map(({ accountId }) => ({
      Effect: 'Allow',
      Principal: { AWS: accountId },
      Action: 'kms:*',
      Resource: '*',
    }))
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    expect((await kms(deployed, otherRoot, region, 'PutKeyPolicy', { KeyId, Policy })).status).toBe(200)
    const { CiphertextBlob = new Uint8Array() } = await client.encrypt({ KeyId, Plaintext })
    expect(await client.decrypt({ CiphertextBlob })).toMatchObject({ Plaintext, KeyId })
    const [last] = await lookup(deployed, otherRoot, region)
    expect(last).toMatchObject({
      eventName: 'Decrypt',
      userIdentity: { type: 'AWSAccount', accountId: root.accountId },
    })
  })
})

describe('a role that a binding names', () => {
  const refusedTrusts: [string, object][] = [
    ['another service', { Service: 'rpc.other' }],
    ['everybody of AWS', { AWS: '*' }],
    ['its account', { AWS: root.accountId }],
    ['a name that is longer', { Service: 'rpc.subtle-kms.example' }],
  ]
  it.each(refusedTrusts)('that trusts %s is refused, and the refusal is on record', async (_, trusted) => {
    const { client, KeyId, role, region } = await newBinding(['kms:*'], trusted)
    expect(await refusal(client.encrypt({ KeyId, Plaintext }))).toMatchObject({
      name: 'AccessDeniedException',
      message: `User: rpc.subtle-kms is not authorized to perform: sts:AssumeRole on resource: ${role.arn}`,
    })
    await vi.waitFor(async () => {
      const [last] = await lookup(deployed, root, region)
      expect(last).toMatchObject({
        eventName: 'AssumeRole',
        errorCode: 'AccessDenied',
        userIdentity: { type: 'AWSService', invokedBy: 'rpc.subtle-kms' },
      })
    })
  })

  it('that denies by a condition is refused, in the next call', async () => {
    const { client, KeyId, role } = await newBinding()
    await client.encrypt({ KeyId, Plaintext })
    const setTrust = (statements: object[]) =>
      iam(root, {
        Action: 'UpdateAssumeRolePolicy',
        RoleName: role.RoleName,
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
      })
    const allowed = { Effect: 'Allow', Principal: rpc, Action: 'sts:AssumeRole' }
    const named = { StringEquals: { 'sts:RoleSessionName': 'shop', 'aws:PrincipalServiceName': 'rpc.subtle-kms' } }
    await setTrust([{ ...allowed, Condition: { Bool: { 'aws:PrincipalIsAWSService': 'true' } } }])
    await client.encrypt({ KeyId, Plaintext })
    await setTrust([allowed, { ...allowed, Effect: 'Deny', Condition: named }])
    expect(await refusal(client.encrypt({ KeyId, Plaintext }))).toMatchObject({ name: 'AccessDeniedException' })
    await setTrust([{ ...allowed, Condition: { StringEquals: { 'sts:RoleSessionName': 'other' } } }])
    expect(await refusal(client.encrypt({ KeyId, Plaintext }))).toMatchObject({ name: 'AccessDeniedException' })
    await setTrust([allowed])
    await client.encrypt({ KeyId, Plaintext })
  })

  it('that is deleted, or loses its policy, ends the session at once; a new one of its name is another', async () => {
    const { client, KeyId, role, props } = await newBinding()
    await client.encrypt({ KeyId, Plaintext })
    const { RoleName } = role
    await iam(root, { Action: 'DeleteRolePolicy', RoleName, PolicyName: 'work' })
    expect(await refusal(client.encrypt({ KeyId, Plaintext }))).toMatchObject({ name: 'AccessDeniedException' })
    await iam(root, { Action: 'DeleteRole', RoleName })
    expect((await refusal(client.encrypt({ KeyId, Plaintext })))?.message).toContain('sts:AssumeRole')
    await iam(root, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: trust(rpc) })
    const error = await refusal(bound(props).encrypt({ KeyId, Plaintext }))
    expect(error?.message).toContain('kms:Encrypt')
  })

  it('is known under another session after an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { client, KeyId, region } = await newBinding()
    const keyIds = new Set<string>()
    for (const minutes of [0, 1, 58, 2]) {
      vi.setSystemTime(Date.now() + minutes * 60_000)
      await client.encrypt({ KeyId, Plaintext })
      const [last] = await lookup(deployed, root, region)
      keyIds.add(last.userIdentity.accessKeyId)
    }
    expect([...keyIds]).toHaveLength(2)
    for (const id of keyIds) expect(id).toMatch(/^ASIA/)
  })
})

describe('in leased mode', () => {
  it("the role's word is good for a lease, in which no Directory is asked", async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { props, KeyId, role } = await newBinding()
    const asked: string[] = []
    const DIRECTORY = watched(env.DIRECTORY, (method) => void asked.push(method))
    const ctx = Object.assign(createExecutionContext(), { props })
    const client = new KmsRpc(ctx as ExecutionContext<RpcProps>, { ...env, DIRECTORY, KMS_LEASE_SECONDS: '5' })
    const encrypt = () => client.encrypt({ KeyId, Plaintext })
    await encrypt()
    await encrypt()
    expect(asked).toEqual(['serviceSession'])
    const { RoleName } = role
    await iam(root, { Action: 'UpdateAssumeRolePolicy', RoleName, PolicyDocument: trust({ Service: 'rpc.other' }) })
    vi.setSystemTime(Date.now() + 4_999)
    await encrypt()
    vi.setSystemTime(Date.now() + 1)
    expect(await refusal(encrypt())).toMatchObject({ name: 'AccessDeniedException' })
    expect(asked).toEqual(['serviceSession', 'serviceSession'])
    await waitOnExecutionContext(ctx)
  })
})

describe('props of a binding', () => {
  const arn = `arn:aws:iam::${root.accountId}:role/shop`
  const cases: [string, unknown, string][] = [
    ['none', undefined, 'The service binding needs props'],
    ['empty', {}, 'The service binding needs props'],
    ['no session name', { roleArn: arn }, 'The service binding needs props'],
    ['no role', { sessionName: 'shop' }, 'The service binding needs props'],
    ['other types', { roleArn: [arn], sessionName: 'shop' }, 'The service binding needs props'],
    [
      'the root user',
      { roleArn: `arn:aws:iam::${root.accountId}:root`, sessionName: 'shop' },
      'must be the ARN of a role',
    ],
    ['a user', { roleArn: `arn:aws:iam::${root.accountId}:user/a`, sessionName: 'shop' }, 'must be the ARN of a role'],
    ['a session', { roleArn: `arn:aws:sts::${root.accountId}:assumed-role/a/b`, sessionName: 'shop' }, 'ARN of a role'],
    ['an account that is not kept', { roleArn: 'arn:aws:iam::999999999999:role/a', sessionName: 'shop' }, 'not kept'],
    ['a Region that is none', { roleArn: arn, sessionName: 'shop', region: 'nowhere' }, 'is not served'],
    ['a session name that is none', { roleArn: arn, sessionName: 'a b' }, 'roleSessionName'],
    ['a role that is not there', { roleArn: `${arn}-nobody`, sessionName: 'shop' }, 'sts:AssumeRole'],
  ]
  it.each(cases)('%s: refused', async (_, props, words) => {
    const error = await refusal(bound(props).listKeys({}))
    expect(error).toMatchObject({ name: 'AccessDeniedException' })
    expect(error?.message).toContain(words)
  })
})
