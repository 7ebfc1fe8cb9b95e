import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  accountId,
  asUser,
  type GivenCredentials as Credentials,
  isThere,
  newStateFolder,
  region,
  removeFolder,
  runAws,
  shellLines,
  startServer,
} from './server'

const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const allow = (Action: string | string[], more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more })
const userArn = (name: string) => `arn:aws:iam::${accountId}:user/${name}`
const rootMayAll = allow('kms:*', { Principal: { AWS: `arn:aws:iam::${accountId}:root` } })

/** Permissions given and taken as an administrator does it; each line goes on from the ones before it. */
describe.skipIf(!(await isThere('aws', '--version')))('AWS CLI, authorization', () => {
  let folder: string
  let server: ServedProcess
  let lines: string
  let keyId: string
  let keyArn: string
  let alice: Credentials
  let session: Credentials
  let plaintextFile: string
  let sealedFile: string

  /** In the shell of the root user, or with other credentials. */
  const aws = (words: string, more: readonly string[] = [], as?: Credentials) =>
    runAws(as ? `${lines}\n${asUser(as)}` : lines, ...words.split(' '), ...more)
  async function newUser(name: string): Promise<Credentials> {
    await aws(`iam create-user --user-name ${name}`)
    const made = (await aws(`iam create-access-key --user-name ${name}`)) as { AccessKey: Credentials }
    return made.AccessKey
  }
  const putKeyPolicy = (policy: string, more: readonly string[] = [], key = keyId, as?: Credentials) =>
    aws(`kms put-key-policy --key-id ${key} --policy-name default --policy`, [policy, ...more], as)
  const encrypt = (as: Credentials | undefined, department?: string) => {
    const context = department === undefined ? [] : ['--encryption-context', `department=${department}`]
    return aws(`kms encrypt --key-id ${keyId} --plaintext fileb://${plaintextFile}`, context, as)
  }
  const decrypt = (as: Credentials | undefined, department: string, more: readonly string[] = []) =>
    aws(
      `kms decrypt --ciphertext-blob fileb://${sealedFile} --encryption-context department=${department}`,
      more,
      as,
    ) as Promise<{ Plaintext: string }>
  const describeKey = (as: Credentials) => aws(`kms describe-key --key-id ${keyId}`, [], as)
  const denied = (who: string, action: string, why = 'because no identity-based policy allows the') =>
    `(AccessDeniedException) when calling the ${action} operation: User: ${who} is not authorized to perform: kms:${action} on resource: ${keyArn} ${why}`

  beforeAll(async () => {
    folder = await newStateFolder()
    server = await startServer(folder)
    lines = await shellLines(server.url)
    plaintextFile = join(folder, 'plaintext')
    sealedFile = join(folder, 'sealed')
    await writeFile(plaintextFile, 'a secret of the IT department')
    const made = (await aws('kms create-key')) as { KeyMetadata: { KeyId: string; Arn: string } }
    keyId = made.KeyMetadata.KeyId
    keyArn = made.KeyMetadata.Arn
  })
  afterAll(async () => {
    await server.stop()
    await removeFolder(folder)
  })

  it('a new user is denied', async () => {
    alice = await newUser('alice')
    await expect(encrypt(alice)).rejects.toThrow(denied(userArn('alice'), 'Encrypt'))
    await expect(describeKey(alice)).rejects.toThrow(denied(userArn('alice'), 'DescribeKey'))
  })

  it('put-key-policy gives her one encryption context', async () => {
    const condition = { StringEquals: { 'kms:EncryptionContext:department': 'IT' } }
    const mayIt = allow(['kms:Encrypt', 'kms:Decrypt'], {
      Sid: 'Alice',
      Principal: { AWS: userArn('alice') },
      Condition: condition,
    })
    await putKeyPolicy(document(rootMayAll, mayIt))
    const { Policy } = (await aws(`kms get-key-policy --key-id ${keyId}`)) as { Policy: string }
    expect(JSON.parse(Policy)).toEqual(JSON.parse(document(rootMayAll, mayIt)))

    const sealed = (await encrypt(alice, 'IT')) as { CiphertextBlob: string }
    await writeFile(sealedFile, Buffer.from(sealed.CiphertextBlob, 'base64'))
    const { Plaintext } = await decrypt(alice, 'IT')
    expect(Buffer.from(Plaintext, 'base64').toString()).toBe('a secret of the IT department')
    for (const department of ['HR', 'it', undefined]) {
      await expect(encrypt(alice, department)).rejects.toThrow('(AccessDeniedException)')
    }
    await expect(decrypt(alice, 'HR')).rejects.toThrow('(AccessDeniedException)')
    await expect(decrypt(undefined, 'HR')).rejects.toThrow('(InvalidCiphertextException)')
  })

  it('a policy that names nobody who could change it again is refused', async () => {
    const onlyAlice = document(allow('kms:*', { Principal: { AWS: userArn('alice') } }))
    await expect(putKeyPolicy(onlyAlice)).rejects.toThrow(
      'An error occurred (MalformedPolicyDocumentException) when calling the PutKeyPolicy operation: The new key policy will not allow you to update the key policy in the future.',
    )
    const nobody = document(rootMayAll, allow('kms:*', { Principal: { AWS: userArn('nobody') } }))
    await expect(putKeyPolicy(nobody)).rejects.toThrow(
      'Policy contains a statement with one or more invalid principals.',
    )
    const other = (await aws('kms create-key')) as { KeyMetadata: { KeyId: string; Arn: string } }
    const { KeyId, Arn } = other.KeyMetadata
    await putKeyPolicy(onlyAlice, ['--bypass-policy-lockout-safety-check'], KeyId)
    await expect(aws(`kms describe-key --key-id ${KeyId}`)).rejects.toThrow(
      `User: arn:aws:iam::${accountId}:root is not authorized to perform: kms:DescribeKey on resource: ${Arn} because no resource-based policy allows the kms:DescribeKey action`,
    )
    await putKeyPolicy(document(rootMayAll), ['--bypass-policy-lockout-safety-check'], KeyId, alice)
    await aws(`kms describe-key --key-id ${KeyId}`)
  })

  it('assume-role: what the role may, and no more', async () => {
    const trust = document({ Effect: 'Allow', Principal: { AWS: userArn('alice') }, Action: 'sts:AssumeRole' })
    await aws('iam create-role --role-name reader --assume-role-policy-document', [trust])
    const policyArn = `arn:aws:iam::${accountId}:policy/Describe`
    await aws('iam create-policy --policy-name Describe --policy-document', [document(allow('kms:DescribeKey'))])
    await aws(`iam attach-role-policy --role-name reader --policy-arn ${policyArn}`)
    const role = `arn:aws:iam::${accountId}:role/reader`
    const assumed = await aws(`sts assume-role --role-arn ${role} --role-session-name night`, [], alice)
    session = (assumed as { Credentials: Credentials }).Credentials
    await describeKey(session)
    const sessionArn = `arn:aws:sts::${accountId}:assumed-role/reader/night`
    await expect(encrypt(session, 'IT')).rejects.toThrow(denied(sessionArn, 'Encrypt'))

    await aws(`iam detach-role-policy --role-name reader --policy-arn ${policyArn}`)
    await expect(describeKey(session)).rejects.toThrow(denied(sessionArn, 'DescribeKey'))
    await aws(`iam attach-role-policy --role-name reader --policy-arn ${policyArn}`)
    await describeKey(session)
    await aws(`iam detach-role-policy --role-name reader --policy-arn ${policyArn}`)
    await aws('iam delete-role --role-name reader')
    await expect(describeKey(session)).rejects.toThrow('(UnrecognizedClientException)')
  })

  it('a grant: used by its token at once, listed, retired by its grantee', async () => {
    const bob = await newUser('bob')
    const parties = `--grantee-principal ${userArn('bob')} --retiring-principal ${userArn('bob')}`
    const constraints = ['--constraints', 'EncryptionContextSubset={department=IT}', '--name', 'for-bob']
    const made = await aws(`kms create-grant --key-id ${keyId} ${parties} --operations Decrypt`, constraints)
    const { GrantId, GrantToken } = made as { GrantId: string; GrantToken: string }
    const byToken = ['--grant-tokens', GrantToken]
    const { Plaintext } = await decrypt(bob, 'IT', byToken)
    expect(Buffer.from(Plaintext, 'base64').toString()).toBe('a secret of the IT department')
    await decrypt(bob, 'IT')
    await expect(decrypt(bob, 'IT', ['--grant-tokens', `${GrantToken}A`])).rejects.toThrow(
      '(InvalidGrantTokenException)',
    )
    await expect(decrypt(bob, 'HR', byToken)).rejects.toThrow(denied(userArn('bob'), 'Decrypt'))
    await expect(encrypt(bob, 'IT')).rejects.toThrow(denied(userArn('bob'), 'Encrypt'))
    expect(await aws(`kms list-grants --key-id ${keyId}`)).toMatchObject({
      Grants: [{ GrantId, Name: 'for-bob', GranteePrincipal: userArn('bob'), Operations: ['Decrypt'] }],
    })
    await expect(aws('kms retire-grant --grant-token', [GrantToken], alice)).rejects.toThrow('(AccessDeniedException)')
    await aws('kms retire-grant --grant-token', [GrantToken], bob)
    for (const tokens of [byToken, []]) {
      await expect(decrypt(bob, 'IT', tokens)).rejects.toThrow(denied(userArn('bob'), 'Decrypt'))
    }
    expect(await aws(`kms list-grants --key-id ${keyId}`)).toMatchObject({ Grants: [] })
  })

  it('a policy that is detached counts for the next call no more', async () => {
    const policyArn = `arn:aws:iam::${accountId}:policy/Describe`
    await aws(`iam attach-user-policy --user-name alice --policy-arn ${policyArn}`)
    await describeKey(alice)
    const version = ['--policy-document', document(allow('kms:ListKeys')), '--set-as-default']
    await aws(`iam create-policy-version --policy-arn ${policyArn}`, version)
    await expect(describeKey(alice)).rejects.toThrow(denied(userArn('alice'), 'DescribeKey'))
    await aws(`iam set-default-policy-version --policy-arn ${policyArn} --version-id v1`)
    await describeKey(alice)
    await aws(`iam detach-user-policy --user-name alice --policy-arn ${policyArn}`)
    await expect(describeKey(alice)).rejects.toThrow(denied(userArn('alice'), 'DescribeKey'))
  })

  it('an access key that is switched off is nobody, on a connection that stays open too', async () => {
    const credentials = { accessKeyId: alice.AccessKeyId, secretAccessKey: alice.SecretAccessKey }
    const client = new kms.KMSClient({ endpoint: server.url, region, credentials, maxAttempts: 1 })
    const command = () =>
      new kms.EncryptCommand({ KeyId: keyId, Plaintext: Uint8Array.of(1), EncryptionContext: { department: 'IT' } })
    await client.send(command())
    const update = `iam update-access-key --user-name alice --access-key-id ${alice.AccessKeyId} --status`
    await aws(`${update} Inactive`)
    await expect(client.send(command())).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    await expect(encrypt(alice, 'IT')).rejects.toThrow('(UnrecognizedClientException)')
    await expect(aws('sts get-caller-identity', [], alice)).rejects.toThrow('(InvalidClientTokenId)')
    await aws(`${update} Active`)
    await client.send(command())
    await encrypt(alice, 'IT')
    client.destroy()
  })

  it('a user who is made anew under the same name gets nothing of it', async () => {
    const first = alice
    await aws(`iam delete-access-key --user-name alice --access-key-id ${first.AccessKeyId}`)
    await aws('iam delete-user --user-name alice')
    alice = await newUser('alice')
    await expect(encrypt(first, 'IT')).rejects.toThrow('(UnrecognizedClientException)')
    await expect(encrypt(alice, 'IT')).rejects.toThrow(denied(userArn('alice'), 'Encrypt'))
    const { Policy } = (await aws(`kms get-key-policy --key-id ${keyId}`)) as { Policy: string }
    expect(JSON.parse(Policy).Statement[1]).toMatchObject({
      Sid: 'Alice',
      Principal: { AWS: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/) },
    })
  })
})
