import { randomBytes } from 'node:crypto'
import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Served, serve } from '../../scripts/serve.mjs'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import { countByRoot, withStore } from '../crash/store.mjs'
import {
  accountId,
  lookupRecords,
  modes,
  newStateFolder,
  region,
  removeFolder,
  rootUser,
  secrets,
  within,
} from './server'

/** The Directory's own methods, called as an operator of the runtime may: no door of the Worker leads here. */
interface DirectoryMethods {
  createUser(accountId: string, user: object): Promise<{ readonly userId: string }>
  putUserPolicies(accountId: string, userId: string, policies: object): Promise<void>
  setAccessKeyActive(accountId: string, accessKeyId: string, active: boolean): Promise<void>
}

const user = {
  accessKeyId: encodeAccessKeyId(accountId, Uint8Array.from(randomBytes(5))),
  secretAccessKey: randomBytes(30).toString('base64'),
}
const userArn = `arn:aws:iam::${accountId}:user/team/alice`
const policies = (...statements: object[]) => ({
  work: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
})
const Plaintext = new Uint8Array([1])

describe.each(modes)('an IAM user, $mode', ({ leaseSeconds }) => {
  let folder: string
  let server: Served
  let root: kms.KMSClient
  let alice: kms.KMSClient
  let userId: string
  let own: string
  let foreign: string

  const start = async (vars: Record<string, string> = {}) => {
    const settings = { ...secrets, KMS_LEASE_SECONDS: String(leaseSeconds), ...vars }
    server = await serve({ port: 0, persistTo: folder, quiet: true, vars: settings })
    const client = (credentials: typeof user) =>
      new kms.KMSClient({ endpoint: server.url, region, credentials, maxAttempts: 1 })
    root = client(rootUser)
    alice = client(user)
  }
  const stop = async () => {
    root.destroy()
    alice.destroy()
    await server.stop()
  }
  const directory = async (): Promise<DirectoryMethods> => {
    const namespace = await server.mf.getDurableObjectNamespace('DIRECTORY')
    return namespace.get(namespace.idFromName(accountId)) as unknown as DirectoryMethods
  }
  const newKey = async () =>
    (await root.send(new kms.CreateKeyCommand({}))).KeyMetadata?.Arn ?? expect.fail('CreateKey gave no ARN')
  const encrypt = (KeyId: string) => alice.send(new kms.EncryptCommand({ KeyId, Plaintext }))
  const denied = (action: string, resource: string) => ({
    name: 'AccessDeniedException',
    message: `User: ${userArn} is not authorized to perform: kms:${action} on resource: ${resource} because no identity-based policy allows the kms:${action} action`,
  })

  beforeAll(async () => {
    folder = await newStateFolder()
    await start()
    own = await newKey()
    foreign = await newKey()
    const allowed = policies({ Effect: 'Allow', Action: ['kms:Encrypt', 'kms:GenerateDataKey'], Resource: own })
    const made = await (await directory()).createUser(accountId, {
      userName: 'alice',
      path: '/team/',
      policies: allowed,
      accessKey: user,
    })
    userId = made.userId
  })
  afterAll(async () => {
    await stop()
    await removeFolder(folder)
  })

  it('may do what its policy allows, and nothing else', async () => {
    const { CiphertextBlob } = await encrypt(own)
    await alice.send(new kms.GenerateDataKeyCommand({ KeyId: own, KeySpec: 'AES_256' }))
    await expect(encrypt(foreign)).rejects.toMatchObject(denied('Encrypt', foreign))
    await expect(alice.send(new kms.DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(alice.send(new kms.DisableKeyCommand({ KeyId: own }))).rejects.toMatchObject(denied('DisableKey', own))
    await expect(alice.send(new kms.CreateKeyCommand({}))).rejects.toMatchObject({ name: 'AccessDeniedException' })
    const opened = await root.send(new kms.DecryptCommand({ CiphertextBlob }))
    expect(opened.Plaintext).toEqual(Plaintext)
  })

  it('stands in the records of its calls, allowed and denied', async () => {
    await within(leaseSeconds, async () => {
      const records = (await lookupRecords(server.url)).filter(({ userIdentity }) => userIdentity.arn === userArn)
      const told = records.map(({ eventName, errorCode, userIdentity }) => [userIdentity.type, eventName, errorCode])
      expect(told).toContainEqual(['IAMUser', 'Encrypt', undefined])
      expect(told).toContainEqual(['IAMUser', 'Encrypt', 'AccessDenied'])
      expect(told).toContainEqual(['IAMUser', 'DisableKey', 'AccessDenied'])
    })
  })

  it('cannot read the records itself', async () => {
    await expect(lookupRecords(server.url, user)).rejects.toThrow('AccessDeniedException')
  })

  it('has its new policy at once, or within the lease', async () => {
    await encrypt(own)
    const other = policies({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: foreign })
    await (await directory()).putUserPolicies(accountId, userId, other)
    await within(leaseSeconds, () => expect(encrypt(own)).rejects.toMatchObject(denied('Encrypt', own)))
    await within(leaseSeconds, () => encrypt(foreign))
  })

  it('is refused with a wrong secret', async () => {
    const stranger = new kms.KMSClient({
      endpoint: server.url,
      region,
      credentials: { ...user, secretAccessKey: 'wrong'.repeat(8) },
      maxAttempts: 1,
    })
    await expect(stranger.send(new kms.ListKeysCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    })
    stranger.destroy()
  })

  it('is nobody while its access key is inactive', async () => {
    await encrypt(foreign)
    await (await directory()).setAccessKeyActive(accountId, user.accessKeyId, false)
    await within(leaseSeconds, () =>
      expect(encrypt(foreign)).rejects.toMatchObject({ name: 'UnrecognizedClientException' }),
    )
    await (await directory()).setAccessKeyActive(accountId, user.accessKeyId, true)
    await within(leaseSeconds, () => encrypt(foreign))
  })

  it('outlives its root key: sealed under the next one, it needs the old one no more', async () => {
    const next = `next:${randomBytes(32).toString('base64')}`
    await stop()
    await start({ KMS_ROOT_KEYS: `${next},${secrets.KMS_ROOT_KEYS}` })
    await encrypt(foreign)
    for (const className of ['Directory', 'Vault']) {
      for (let attempt = 0; ; attempt++) {
        await stop()
        const sealed = await withStore(folder, countByRoot, className)
        await start({ KMS_ROOT_KEYS: `${next},${secrets.KMS_ROOT_KEYS}` })
        if (Object.keys(sealed).join() === 'next') break
        expect(attempt, `${className}: ${JSON.stringify(sealed)}`).toBeLessThan(20)
        await encrypt(foreign)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
    await stop()
    await start({ KMS_ROOT_KEYS: next })
    await encrypt(foreign)
  })
})
