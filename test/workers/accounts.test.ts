import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Vault } from '../../worker/vault'
import {
  type Answer,
  allow,
  base64,
  type Caller,
  deployed,
  directoryOf,
  type Front,
  isolate,
  kms,
  lookup,
  newKey,
  newRegion,
  newUser,
  otherRoot,
  root,
  type User,
  vaultOf,
} from './front-door'
import { newRole, session } from './identities'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const keyArn = (region: string, keyId: string, accountId = root.accountId) =>
  `arn:aws:kms:${region}:${accountId}:key/${keyId}`
const arnOf = async ({ accountId, userId }: User) =>
  (await directoryOf(accountId).principalArns(accountId, [userId]))[userId] ?? ''

/** Lets a whole account in, beside the key's own. */
async function admit(
  region: string,
  keyId: string,
  owner: Caller,
  guest: string,
  actions: string | string[] = 'kms:*',
) {
  const statement = (accountId: string, Action: string | string[]) => ({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action,
    Resource: '*',
  })
  const Statement = [statement(owner.accountId, 'kms:*'), statement(guest, actions)]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  const { status } = await kms(deployed, owner, region, 'PutKeyPolicy', { KeyId: keyId, Policy })
  expect(status).toBe(200)
}

const encrypt = (caller: Caller, region: string, KeyId: string, to: Front = deployed) =>
  kms(to, caller, region, 'Encrypt', { KeyId, Plaintext: base64('x') })

const deliver = (region: string, accountId = root.accountId) => runDurableObjectAlarm(vaultOf(region, accountId))
const waiting = (region: string, accountId = root.accountId) =>
  runInDurableObject(vaultOf(region, accountId), async (vault, _state) => {
    const { storage } = await (vault as unknown as { opening: Promise<{ storage: Listing }> }).opening
    return (await storage.list('outbox', { limit: 100 })).length
  })
interface Listing {
  list(collection: 'outbox', query: { limit: number }): Promise<unknown[]>
}

const absent = (arn: string, action: string) =>
  `User: ${arn} is not authorized to perform: kms:${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`

const fronts: [mode: string, to: () => ReturnType<typeof isolate>][] = [
  ['strong', () => isolate()],
  ['leased', () => isolate({ KMS_LEASE_SECONDS: '60' })],
]

describe.each(fronts)('a key of another account, %s', (_mode, open) => {
  it('is used by ARN when both sides allow it, and in no other case', async () => {
    const found: Record<string, unknown> = {}
    for (const keySide of [true, false]) {
      for (const ownSide of [true, false]) {
        const region = newRegion()
        const keyId = await newKey(region)
        const user = await newUser(ownSide ? { p: allow('kms:Encrypt') } : {}, otherRoot.accountId)
        if (keySide) await admit(region, keyId, root, otherRoot.accountId)
        const front = open()
        const { status, code, message } = await encrypt(user, region, keyArn(region, keyId), front)
        await front.settled()
        const arn = await arnOf(user)
        const text = message === absent(arn, 'Encrypt') ? 'as if absent' : message?.replace(arn, 'ARN')
        found[`key ${keySide}, own ${ownSide}`] = status === 200 ? 'ok' : `${code} ${text}`.replace(keyId, 'ID')
        if (keySide && !ownSide) {
          expect(message).toBe(
            `User: ${arn} is not authorized to perform: kms:Encrypt on resource: ${keyArn(region, keyId)} because no identity-based policy allows the kms:Encrypt action`,
          )
          found[`key ${keySide}, own ${ownSide}`] = 'own side'
        }
      }
    }
    expect(found).toEqual({
      'key true, own true': 'ok',
      'key true, own false': 'own side',
      'key false, own true': 'AccessDeniedException as if absent',
      'key false, own false': 'AccessDeniedException as if absent',
    })
  })

  it('is used by alias ARN, by the root user, by a role session; never by a bare id or name', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    await kms(deployed, root, region, 'CreateAlias', { AliasName: 'alias/shared', TargetKeyId: keyId })
    await admit(region, keyId, root, otherRoot.accountId)
    const user = await newUser({ p: allow('kms:*', 'sts:AssumeRole') }, otherRoot.accountId)
    const role = await newRole({ AWS: otherRoot.accountId }, ['kms:Encrypt'], otherRoot)
    const front = open()
    const aliasArn = `arn:aws:kms:${region}:${root.accountId}:alias/shared`
    for (const caller of [user, otherRoot, await session(user, role.arn)]) {
      expect((await encrypt(caller, region, aliasArn, front)).output.KeyId).toBe(keyArn(region, keyId))
      expect((await encrypt(caller, region, keyArn(region, keyId), front)).status).toBe(200)
      expect((await encrypt(caller, region, keyId, front)).code).toBe('NotFoundException')
      expect((await encrypt(caller, region, 'alias/shared', front)).code).toBe('NotFoundException')
    }
    await front.settled()
  })

  it('opens what it has sealed, named or not', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const { CiphertextBlob } = (await encrypt(root, region, keyId)).output
    const user = await newUser({ p: allow('kms:Decrypt') }, otherRoot.accountId)
    const front = open()
    const named = { CiphertextBlob, KeyId: keyArn(region, keyId) }
    const decrypt = (input: object) => kms(front, user, region, 'Decrypt', input)
    const unshared = {
      code: 'AccessDeniedException',
      message:
        'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    }
    expect(await decrypt({ CiphertextBlob })).toMatchObject(unshared)
    expect(await decrypt(named)).toMatchObject({ message: absent(await arnOf(user), 'Decrypt') })
    await admit(region, keyId, root, otherRoot.accountId, 'kms:Decrypt')
    const later = open()
    for (const input of [{ CiphertextBlob }, named]) {
      const { output } = await kms(later, user, region, 'Decrypt', input)
      expect(output).toMatchObject({ KeyId: keyArn(region, keyId), Plaintext: base64('x') })
    }
    await Promise.all([front.settled(), later.settled()])
  })

  it('is re-encrypted from and to, when each half is allowed', async () => {
    const region = newRegion()
    const ids = [await newKey(region), await newKey(region, otherRoot)] as const
    const arns = [keyArn(region, ids[0]), keyArn(region, ids[1], otherRoot.accountId)] as const
    const blobs = [
      (await encrypt(root, region, ids[0])).output.CiphertextBlob,
      (await encrypt(otherRoot, region, ids[1])).output.CiphertextBlob,
    ]
    const user = await newUser({ p: allow('kms:ReEncrypt*', 'kms:Decrypt') })
    const move = (to: Front, from: 0 | 1, more: object = {}) =>
      kms(to, user, region, 'ReEncrypt', {
        CiphertextBlob: blobs[from],
        DestinationKeyId: arns[from === 0 ? 1 : 0],
        ...more,
      })
    const front = open()
    expect(await move(front, 0)).toMatchObject({
      code: 'AccessDeniedException',
      message: absent(await arnOf(user), 'ReEncryptTo'),
    })
    expect((await move(front, 1)).code).toBe('AccessDeniedException')
    await admit(region, ids[1], otherRoot, root.accountId, 'kms:ReEncryptTo')
    const second = open()
    expect((await move(second, 0)).status).toBe(200)
    expect((await move(second, 1)).code).toBe('AccessDeniedException')
    await admit(region, ids[1], otherRoot, root.accountId, ['kms:ReEncryptFrom', 'kms:Decrypt'])
    const third = open()
    expect((await move(third, 0)).code).toBe('AccessDeniedException')
    const { output } = await move(third, 1, { SourceKeyId: arns[1] })
    expect(output).toMatchObject({ SourceKeyId: arns[1], KeyId: arns[0] })
    const opened = await kms(third, user, region, 'Decrypt', { CiphertextBlob: output.CiphertextBlob })
    expect(opened.output).toMatchObject({ KeyId: arns[0], Plaintext: base64('x') })
    await Promise.all([front, second, third].map((each) => each.settled()))
  })
})

describe('records of both accounts', () => {
  // biome-ignore lint/suspicious/noExplicitAny: records as any client sees them
  const recordsOf = async (caller: Caller, region: string, name: string): Promise<any[]> =>
    (await lookup(deployed, caller, region)).filter(({ eventName }) => eventName === name)

  it.each(fronts)('one event, of which each account has a record of its own, %s', async (_mode, open) => {
    const region = newRegion()
    const keyId = await newKey(region)
    await admit(region, keyId, root, otherRoot.accountId)
    const user = await newUser({ p: allow('kms:Encrypt') }, otherRoot.accountId)
    const front = open()
    const answer = await encrypt(user, region, keyArn(region, keyId), front)
    await front.settled()
    await deliver(region)
    const [here] = await recordsOf(root, region, 'Encrypt')
    const [there] = await recordsOf(otherRoot, region, 'Encrypt')
    const common = {
      requestID: answer.headers.get('x-amzn-requestid'),
      resources: [{ accountId: root.accountId, ARN: keyArn(region, keyId) }],
      sharedEventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    }
    expect(here).toMatchObject({ ...common, recipientAccountId: root.accountId })
    expect(there).toMatchObject({ ...common, recipientAccountId: otherRoot.accountId })
    // The key's account learns the account and the unique id of the caller, not its name.
    const who = { principalId: user.userId, accountId: otherRoot.accountId }
    expect(here.userIdentity).toEqual({ type: 'AWSAccount', ...who })
    expect(there.userIdentity).toMatchObject({ type: 'IAMUser', arn: await arnOf(user), ...who })
    expect(there.sharedEventID).toBe(here.sharedEventID)
    expect(there.eventID).not.toBe(here.eventID)
    expect(await waiting(region)).toBe(0)
  })

  it('of a refused call too, which tells the caller’s account nothing of the key', async () => {
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ p: allow('kms:*') }, otherRoot.accountId)
    for (const id of [keyId, 'ffffffff-0000-4000-8000-00000000ffff']) await encrypt(user, region, keyArn(region, id))
    await deliver(region)
    const there = await recordsOf(otherRoot, region, 'Encrypt')
    expect(there).toHaveLength(2)
    const blank = there.map(({ eventID, eventTime, requestID, sharedEventID, ...record }) => record)
    expect(blank[0]).toEqual(blank[1])
    expect(JSON.stringify(there)).not.toContain(keyId)
    expect(blank[0]).toMatchObject({ errorCode: 'AccessDenied', requestParameters: null })
  })

  it.each([0, 1] as const)('of ReEncrypt between the accounts, direction %i', async (from) => {
    const region = newRegion()
    const callers = [root, otherRoot] as const
    const ids = [await newKey(region), await newKey(region, otherRoot)] as const
    await admit(region, ids[1], otherRoot, root.accountId)
    const to = from === 0 ? 1 : 0
    const { CiphertextBlob } = (await encrypt(callers[from], region, ids[from])).output
    const DestinationKeyId = keyArn(region, ids[to], callers[to].accountId)
    expect((await kms(deployed, root, region, 'ReEncrypt', { CiphertextBlob, DestinationKeyId })).status).toBe(200)
    await deliver(region)
    await deliver(region, otherRoot.accountId)
    const [[here, ...more], [there, ...others]] = [
      await recordsOf(root, region, 'ReEncrypt'),
      await recordsOf(otherRoot, region, 'ReEncrypt'),
    ]
    expect([more, others]).toEqual([[], []])
    expect(here.sharedEventID).toMatch(/^[0-9a-f-]{36}$/)
    expect(there.sharedEventID).toBe(here.sharedEventID)
    expect(there.eventID).not.toBe(here.eventID)
  })

  it('a delivery that fails is tried again, and is taken once', async () => {
    const beginMs = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: beginMs })
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    const keyId = await newKey(region)
    const user = await newUser({ p: allow('kms:*') }, otherRoot.accountId)
    await encrypt(user, region, keyArn(region, keyId))
    const take = vi.spyOn(Vault.prototype, 'take').mockRejectedValueOnce(new Error('unreachable'))
    await deliver(region)
    expect(quiet).toHaveBeenCalled()
    expect(take).toHaveBeenCalledTimes(1)
    expect(await waiting(region)).toBe(1)
    expect(await recordsOf(otherRoot, region, 'Encrypt')).toEqual([])
    vi.setSystemTime(beginMs + 90_000)
    await deliver(region)
    expect(await waiting(region)).toBe(0)
    expect(await recordsOf(otherRoot, region, 'Encrypt')).toHaveLength(1)
    // The answer of a delivery that arrived may be lost: the message comes again.
    const [first] = take.mock.calls
    if (!first) throw new Error('nothing was sent')
    const [home, id, message] = first
    await vaultOf(region, otherRoot.accountId).take(home, id, message)
    expect(await recordsOf(otherRoot, region, 'Encrypt')).toHaveLength(1)
  })
})

describe('grants across accounts', () => {
  async function granted() {
    const region = newRegion()
    const keyId = await newKey(region)
    const grantee = await newUser({ p: allow('kms:ListRetirableGrants') }, otherRoot.accountId)
    const arn = await arnOf(grantee)
    const { output } = await kms(deployed, root, region, 'CreateGrant', {
      KeyId: keyId,
      GranteePrincipal: arn,
      RetiringPrincipal: arn,
      Operations: ['Encrypt', 'RetireGrant'],
    })
    return { region, keyId, grantee, arn, GrantId: output.GrantId, GrantToken: output.GrantToken }
  }
  const retirable = (caller: Caller, region: string, RetiringPrincipal: string) =>
    kms(deployed, caller, region, 'ListRetirableGrants', { RetiringPrincipal })

  it('a grantee of another account needs no policy there', async () => {
    const { region, keyId, grantee, GrantToken } = await granted()
    expect((await encrypt(grantee, region, keyArn(region, keyId))).status).toBe(200)
    const GrantTokens = [GrantToken]
    const withToken = { KeyId: keyArn(region, keyId), Plaintext: base64('x'), GrantTokens }
    expect((await kms(deployed, grantee, region, 'Encrypt', withToken)).status).toBe(200)
    const stranger = await newUser({ p: allow('kms:*') }, otherRoot.accountId)
    expect((await kms(deployed, stranger, region, 'Encrypt', withToken)).message).toBe(
      absent(await arnOf(stranger), 'Encrypt'),
    )
  })

  const endings: [how: string, end: (grant: Awaited<ReturnType<typeof granted>>) => Promise<Answer>][] = [
    [
      'retired by token',
      ({ region, grantee, GrantToken }) => kms(deployed, grantee, region, 'RetireGrant', { GrantToken }),
    ],
    [
      'retired by key and id',
      ({ region, grantee, keyId, GrantId }) =>
        kms(deployed, grantee, region, 'RetireGrant', { KeyId: keyArn(region, keyId), GrantId }),
    ],
    ['revoked', ({ region, keyId, GrantId }) => kms(deployed, root, region, 'RevokeGrant', { KeyId: keyId, GrantId })],
  ]
  it.each(endings)('ListRetirableGrants of the other account shows the grant until it is %s', async (_how, end) => {
    const grant = await granted()
    const { region, keyId, grantee, arn, GrantId } = grant
    await deliver(region)
    const { output } = await retirable(grantee, region, arn)
    expect(output.Grants).toMatchObject([{ GrantId, KeyId: keyArn(region, keyId), RetiringPrincipal: arn }])
    expect((await retirable(root, region, arn)).code).toBe('AccessDeniedException')
    expect((await end(grant)).status).toBe(200)
    expect((await encrypt(grantee, region, keyArn(region, keyId))).code).toBe('AccessDeniedException')
    await deliver(region)
    expect((await retirable(grantee, region, arn)).output.Grants).toEqual([])
  })

  it('who is neither party may not retire it, and is not told whether it is there', async () => {
    const { region, keyId, GrantId, GrantToken } = await granted()
    const stranger = await newUser({ p: allow('kms:*') }, otherRoot.accountId)
    const texts = new Set<string | undefined>()
    for (const id of [GrantId, 'f'.repeat(64)]) {
      const answer = await kms(deployed, stranger, region, 'RetireGrant', { KeyId: keyArn(region, keyId), GrantId: id })
      texts.add(`${answer.code} ${answer.message}`)
    }
    const noKey = { KeyId: keyArn(region, 'ffffffff-0000-4000-8000-00000000ffff'), GrantId }
    const answer = await kms(deployed, stranger, region, 'RetireGrant', noKey)
    texts.add(`${answer.code} ${answer.message}`)
    expect([...texts]).toEqual([`AccessDeniedException ${absent(await arnOf(stranger), 'RetireGrant')}`])
    expect((await kms(deployed, stranger, region, 'RetireGrant', { GrantToken })).code).toBe('AccessDeniedException')
  })
})

it('what a caller of another account is told is the same whether there is a key or not', async () => {
  const region = newRegion()
  const keyId = await newKey(region)
  await kms(deployed, root, region, 'CreateAlias', { AliasName: 'alias/there', TargetKeyId: keyId })
  const disabled = await newKey(region)
  await kms(deployed, root, region, 'DisableKey', { KeyId: disabled })
  const user = await newUser({ p: allow('*') }, otherRoot.accountId)
  const arns = [
    keyArn(region, keyId),
    keyArn(region, disabled),
    keyArn(region, 'ffffffff-0000-4000-8000-00000000ffff'),
    keyArn(region, keyId, '777788889999'),
    `arn:aws:kms:${region}:${root.accountId}:alias/there`,
    `arn:aws:kms:${region}:${root.accountId}:alias/not-there`,
    `arn:aws:kms:${region}:${root.accountId}:alias/aws/s3`,
  ]
  const operations: [string, object][] = [
    ['Encrypt', { Plaintext: base64('x') }],
    ['Encrypt', { Plaintext: base64('x'), DryRun: true }],
    ['Encrypt', { Plaintext: base64('x'), GrantTokens: ['forged'] }],
    ['Sign', { Message: base64('x'), SigningAlgorithm: 'ECDSA_SHA_256' }],
    ['GenerateDataKey', { KeySpec: 'AES_256' }],
    ['DescribeKey', {}],
    ['GetPublicKey', {}],
  ]
  for (const [operation, more] of operations) {
    const told = new Set<string>()
    for (const KeyId of arns) {
      const { status, code, message } = await kms(deployed, user, region, operation, { KeyId, ...more })
      told.add(`${status} ${code} ${message}`)
    }
    expect([...told]).toEqual([`400 AccessDeniedException ${absent(await arnOf(user), operation)}`])
  }
  for (const [operation, more] of [
    ['DisableKey', {}],
    ['GetKeyPolicy', {}],
    ['ScheduleKeyDeletion', {}],
  ] as const) {
    const told = new Set<string>()
    for (const KeyId of arns.slice(0, 4)) {
      const { status, code, message } = await kms(deployed, user, region, operation, { KeyId, ...more })
      told.add(`${status} ${code} ${message}`)
    }
    expect([...told]).toEqual([`400 AccessDeniedException ${absent(await arnOf(user), operation)}`])
  }
})
