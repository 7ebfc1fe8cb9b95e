import { runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import { CopyHolders } from '../../src/identity/copy-holders'
import { DirectoryService } from '../../src/identity/directory'
import { copyLifeMs } from '../../src/identity/entry-copies'
import { Vault } from '../../worker/vault'
import {
  allow,
  base64,
  callerIdentity,
  deny,
  deployed,
  directoryOf,
  env,
  isolate,
  kms,
  lookup,
  newKey,
  newRegion,
  newUser,
  root,
  watched,
} from './front-door'

afterEach(() => {
  vi.useRealTimers()
})

const encrypt = (caller: typeof root, region: string, keyId: string, to = deployed) =>
  kms(to, caller, region, 'Encrypt', { KeyId: keyId, Plaintext: base64('x') })
const setPolicies = (userId: string, policies: Record<string, string>) =>
  directoryOf().putUserPolicies(root.accountId, userId, policies)
const setActive = (accessKeyId: string, active: boolean) =>
  directoryOf().setAccessKeyActive(root.accountId, accessKeyId, active)

describe('an IAM user', () => {
  it('may do what its policies allow, unless one denies it', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ crypto: allow('kms:Encrypt', 'kms:Decrypt'), stop: deny('kms:Decrypt') })
    const sealed = await encrypt(user, region, keyId)
    expect(sealed.status).toBe(200)
    const { CiphertextBlob } = sealed.output
    expect(await kms(deployed, user, region, 'Decrypt', { CiphertextBlob })).toMatchObject({
      status: 400,
      code: 'AccessDeniedException',
      message: expect.stringMatching(
        /^User: arn:aws:iam::111122223333:user\/user\d+ is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:.* with an explicit deny in an identity-based policy$/,
      ),
    })
    expect(await kms(deployed, user, region, 'DisableKey', { KeyId: keyId })).toMatchObject({
      code: 'AccessDeniedException',
      message: expect.stringContaining('because no identity-based policy allows the kms:DisableKey action'),
    })
  })

  it('is named by GetCallerIdentity and in the audit, its refusals too', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({})
    expect(await (await callerIdentity(deployed, user)).text()).toContain(`<UserId>${user.userId}</UserId>`)
    expect((await encrypt(user, region, keyId)).code).toBe('AccessDeniedException')
    const [last] = await lookup(deployed, root, region)
    expect(last).toMatchObject({
      eventName: 'Encrypt',
      errorCode: 'AccessDenied',
      userIdentity: { type: 'IAMUser', principalId: user.userId, accessKeyId: user.accessKeyId },
      requestParameters: null,
    })
  })

  it('of another account sees nothing here', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const stranger = await newUser({ all: allow('*') }, '444455556666')
    const arn = `arn:aws:kms:${region}:${root.accountId}:key/${keyId}`
    expect((await encrypt(stranger, region, arn)).code).not.toBeUndefined()
    expect((await kms(deployed, stranger, region, 'ListKeys')).output.Keys).toEqual([])
  })
})

describe('changes are seen by the very next call of a Vault that had a copy', () => {
  it('putUserPolicies, many times over, in two Regions', async () => {
    const places = [newRegion(), newRegion()]
    const keys = await Promise.all(places.map((region) => newKey(region)))
    const user = await newUser({ p: allow('kms:Encrypt') })
    const codes = () =>
      Promise.all(places.map(async (region, i) => (await encrypt(user, region, keys[i] as string)).code))
    expect(await codes()).toEqual([undefined, undefined])
    for (let round = 0; round < 5; round++) {
      await setPolicies(user.userId, { p: deny('kms:Encrypt') })
      expect(await codes()).toEqual(['AccessDeniedException', 'AccessDeniedException'])
      await setPolicies(user.userId, { p: allow('kms:Encrypt') })
      expect(await codes()).toEqual([undefined, undefined])
    }
  })

  it('under calls that go on all the time, no call begun after the write is decided by the old policy', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ p: allow('kms:Encrypt') })
    for (let round = 0; round < 8; round++) {
      const open = round % 2 === 1
      const before = Array.from({ length: 8 }, () => encrypt(user, region, keyId))
      await setPolicies(user.userId, { p: (open ? allow : deny)('kms:Encrypt') })
      const after = await Promise.all(Array.from({ length: 4 }, () => encrypt(user, region, keyId)))
      expect(after.map(({ code }) => code)).toEqual(Array(4).fill(open ? undefined : 'AccessDeniedException'))
      await Promise.all(before)
    }
  })

  it('a deactivated access key is refused for kms, sts and cloudtrail, its signing key cached', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ p: allow('*') })
    expect((await encrypt(user, region, keyId)).status).toBe(200)
    expect((await callerIdentity(deployed, user)).status).toBe(200)
    expect((await lookup(deployed, user, region)).length).toBeGreaterThan(0)

    await setActive(user.accessKeyId, false)
    expect((await encrypt(user, region, keyId)).code).toBe('UnrecognizedClientException')
    const identity = await callerIdentity(deployed, user)
    expect([identity.status, (await identity.text()).includes('InvalidClientTokenId')]).toEqual([403, true])
    await expect(lookup(deployed, user, region)).rejects.toThrow('UnrecognizedClientException')

    await setActive(user.accessKeyId, true)
    expect((await encrypt(user, region, keyId)).status).toBe(200)
    expect((await callerIdentity(deployed, user)).status).toBe(200)
  })

  it('a key that was inactive when it was first used is not remembered as such', async () => {
    const region = newRegion()
    const user = await newUser({ p: allow('*') })
    await setActive(user.accessKeyId, false)
    expect((await kms(deployed, user, region, 'ListKeys')).code).toBe('UnrecognizedClientException')
    await setActive(user.accessKeyId, true)
    expect((await kms(deployed, user, region, 'ListKeys')).status).toBe(200)
  })
})

describe('what the Directory refuses', () => {
  it('an access key id of another account, a taken one, a policy that cannot be enforced', async () => {
    const user = await newUser({})
    const { accessKeyId } = user
    const accessKey = { accessKeyId, secretAccessKey: 'x'.repeat(40) }
    const create = (accountId: string, policies = {}) =>
      runInDurableObject(directoryOf(accountId), async (directory) => {
        try {
          await (directory as unknown as ReturnType<typeof directoryOf>).createUser(accountId, {
            userName: 'u',
            policies,
            accessKey,
          })
          return undefined
        } catch (error) {
          return (error as Error).name
        }
      })
    expect(await create('444455556666')).toBe('ValidationException')
    expect(await create(root.accountId)).toBe('AlreadyExistsException')
    expect(await create(root.accountId, { p: '{' })).toBe('MalformedPolicyDocumentException')
  })
})

it('a write between the reads of an entry makes it look older than it is, never newer', async () => {
  const memory = createMemoryStorage()
  let reads = 0
  let between: { readonly afterRead: number; readonly write: () => Promise<unknown> } | undefined
  const storage: typeof memory = {
    ...memory,
    async read(collection, id) {
      const row = await memory.read(collection, id)
      const now = between
      if (now && ++reads === now.afterRead) {
        between = undefined
        await now.write()
      }
      return row
    },
  }
  const directory = new DirectoryService({
    accountId: root.accountId,
    storage,
    crypto: {
      random: (length) => new Uint8Array(length),
      wrapSecret: async () => ({ form: 'wrapped', rootId: 'a', bytes: '' }),
      openSecret: () => Promise.reject(new Error('not asked for')),
      rewrapSecret: async () => undefined,
    },
    wallMs: () => 0,
    dropCopies: async () => undefined,
  })
  const accessKeyId = encodeAccessKeyId(root.accountId, new Uint8Array(5))
  const accessKey = { accessKeyId, secretAccessKey: 'x'.repeat(40) }
  const { userId } = await directory.createUser({ userName: 'u', policies: { p: allow('*') }, accessKey })
  const principal = { kind: 'user', accountId: root.accountId, accessKeyId, userId, userName: 'u', path: '/' } as const
  for (let afterRead = 1; ; afterRead++) {
    reads = 0
    const before = await directory.version()
    const policies = { p: deny(`kms:Nothing${afterRead}`) }
    between = { afterRead, write: () => directory.putUserPolicies(userId, policies) }
    const entry = await directory.findEntry(principal)
    if (between) {
      expect(afterRead).toBeGreaterThan(3) // past the last read
      break
    }
    if (entry?.version !== before) expect(entry).toEqual({ version: before + 1, policies })
  }
})

describe('telling the holders of copies', () => {
  /** A clock that moves by hand, and everybody who sleeps by it. */
  function holders(tell: (holder: string, version: number) => Promise<void>, mayHaveStrangers = false) {
    let nowMs = 1_000_000
    const sleepers: { untilMs: number; wake: () => void }[] = []
    const sleep = (ms: number) => new Promise<void>((wake) => sleepers.push({ untilMs: nowMs + ms, wake }))
    return {
      list: new CopyHolders<string>({ nowMs: () => nowMs, sleep, tell, mayHaveStrangers }),
      async pass(ms: number) {
        nowMs += ms
        for (const { untilMs, wake } of sleepers) if (untilMs <= nowMs) wake()
        await new Promise((resolve) => setTimeout(resolve, 0))
      },
    }
  }
  const isDone = async (work: Promise<void>) => {
    let done = false
    void work.then(() => {
      done = true
    })
    await new Promise((resolve) => setTimeout(resolve, 0))
    return done
  }

  it('a write waits for everybody who holds a copy, and outlives who cannot be told', async () => {
    const told: string[] = []
    const { list, pass } = holders(async (holder, version) => {
      if (holder === 'gone') throw new Error('unreachable')
      told.push(`${holder} ${version}`)
    })
    for (const name of ['a', 'b']) list.register(name, name)
    await list.dropAll(7)
    expect(told).toEqual(['a 7', 'b 7'])
    list.register('gone', 'gone')
    const writing = list.dropAll(8)
    await pass(copyLifeMs - 1)
    expect(await isDone(writing)).toBe(false)
    await pass(1)
    expect(await isDone(writing)).toBe(true)
  })

  it('a second write waits for a holder that the first one is still telling', async () => {
    const release: (() => void)[] = []
    const { list } = holders(() => new Promise((resolve) => release.push(resolve)))
    list.register('a', 'a')
    const done: number[] = []
    const writes = [1, 2].map((version) => list.dropAll(version).then(() => done.push(version)))
    expect(release).toHaveLength(2)
    release[0]?.()
    await writes[0]
    expect(done).toEqual([1])
    release[1]?.()
    await writes[1]
    expect(done).toEqual([1, 2])
  })

  it('who registers while it is told stays on the list', async () => {
    let tells = 0
    const { list } = holders(async () => {
      if (++tells === 1) list.register('a', 'a')
    })
    list.register('a', 'a')
    await list.dropAll(1)
    await list.dropAll(2)
    await list.dropAll(3)
    expect(tells).toBe(2)
  })

  it('a Directory that has just started waits for the copies that it does not know of; a new one has none', async () => {
    const started = holders(async () => undefined, true)
    const first = started.list.dropAll(1)
    await started.pass(copyLifeMs - 1)
    expect(await isDone(first)).toBe(false)
    await started.pass(1)
    expect(await isDone(first)).toBe(true)
    expect(await isDone(started.list.dropAll(2))).toBe(true)
    expect(await isDone(holders(async () => undefined).list.dropAll(1))).toBe(true)
  })

  it('a Vault that cannot be told: the write waits until its copy has ended', async () => {
    const beginMs = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: beginMs })
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ p: allow('kms:Encrypt') })
    expect((await encrypt(user, region, keyId)).status).toBe(200)
    const telling = vi.spyOn(Vault.prototype, 'dropEntries').mockRejectedValue(new Error('unreachable'))
    try {
      vi.setSystemTime(beginMs + copyLifeMs - 200)
      const writing = setPolicies(user.userId, {})
      expect(await isDone(writing)).toBe(false)
      expect((await encrypt(user, region, keyId)).status).toBe(200) // by its copy, while the write waits
      expect(await isDone(writing)).toBe(false)
      vi.setSystemTime(beginMs + copyLifeMs)
      await writing
      expect((await encrypt(user, region, keyId)).code).toBe('AccessDeniedException')
      expect(telling).toHaveBeenCalled()
    } finally {
      telling.mockRestore()
    }
  })
})

it('STS needs no Vault', async () => {
  const front = isolate({ VAULT: watched(env.VAULT, () => expect.unreachable('a Vault was called')) })
  expect((await callerIdentity(front, root)).status).toBe(200)
})
