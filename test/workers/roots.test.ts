import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Env } from '../../worker/env'
import {
  type Answer,
  allow,
  base64,
  callerIdentity,
  directoryOf,
  env,
  isolate,
  kms,
  manage,
  newKey,
  newRegion,
  newUser,
  origin,
  redeploy,
  root,
  sqlNumber,
  type User,
  vaultOf,
} from './front-door'

const first = env.KMS_ROOT_KEYS as string
const second = `second:${btoa('s'.repeat(32))}`
const both = `${second},${first}`
const [firstId] = first.split(':') as [string]
/** The right id over other bytes. */
const swapped = `${firstId}:${btoa('w'.repeat(32))}`

/** Made before the Directory starts anew for the first time: its writes then wait for the copies of its former life. */
let user: User
beforeAll(async () => {
  user = await newUser({ p: allow('kms:*') })
})
afterEach(() => vi.restoreAllMocks())

/** A deployment with these root keys, both objects and the front started anew. */
async function deploy(region: string, KMS_ROOT_KEYS: string) {
  const changes: Partial<Env> = { KMS_ROOT_KEYS }
  await redeploy(vaultOf(region), changes)
  await redeploy(directoryOf(), changes)
  return isolate(changes)
}

/** Runs alarms until the object has nothing more to do at once; each takes one bounded turn. */
async function rewrapAll(region: string, of: () => Promise<number>) {
  for (let turn = 0; turn < 50; turn++) {
    if ((await of()) === 0) return
    await runDurableObjectAlarm(vaultOf(region))
    await runDurableObjectAlarm(directoryOf())
  }
  expect.unreachable('the rewrap does not end')
}

const sealedBy = async (front: ReturnType<typeof isolate>, region: string, rootId: string) => {
  const { output } = await manage(front, root, region, 'GET', '/api/status')
  return (output.materialsByRootId[rootId] ?? 0) + (output.secretsByRootId[rootId] ?? 0)
}

async function sealSome(front: ReturnType<typeof isolate>, region: string, keyIds: string[]): Promise<string[]> {
  const answers: Answer[] = []
  for (const KeyId of keyIds) answers.push(await kms(front, root, region, 'Encrypt', { KeyId, Plaintext: base64('x') }))
  return answers.map(({ output }) => output.CiphertextBlob)
}

async function openAll(front: ReturnType<typeof isolate>, region: string, blobs: string[]) {
  for (const CiphertextBlob of blobs) {
    expect((await kms(front, root, region, 'Decrypt', { CiphertextBlob })).output.Plaintext).toBe(base64('x'))
  }
}

describe('the first root key changes', () => {
  const ways = ['by alarm', 'by POST /api/rewrap'] as const
  it.each(ways)('everything is sealed anew %s, and opens after the old root key is gone', async (way) => {
    const region = newRegion()
    const before = await deploy(region, first)
    const keyIds: string[] = []
    for (let i = 0; i < 60; i++) keyIds.push(await newKey(region, root, before)) // more than one turn's work
    const [rotated] = keyIds as [string]
    const [oldest] = (await sealSome(before, region, [rotated])) as [string]
    await kms(before, root, region, 'RotateKeyOnDemand', { KeyId: rotated })
    const blobs = [oldest, ...(await sealSome(before, region, keyIds.slice(0, 5)))]

    const during = await deploy(region, both)
    expect(await sealedBy(during, region, firstId)).toBeGreaterThanOrEqual(62)
    if (way !== 'by alarm') {
      const { status, output } = await manage(during, root, region, 'POST', '/api/rewrap')
      expect([status, output.primaryRootId]).toEqual([200, 'second'])
    }
    await openAll(during, region, blobs)
    const left = () => sealedBy(during, region, firstId)
    // Once the alarms run by hand, once they come by themselves.
    if (way === 'by alarm') await rewrapAll(region, left)
    else await vi.waitUntil(async () => (await left()) === 0, { timeout: 10_000, interval: 50 })

    const after = await deploy(region, second)
    await openAll(after, region, blobs)
    expect((await kms(after, user, region, 'DescribeKey', { KeyId: rotated })).status).toBe(200)
    expect((await callerIdentity(after, user)).status).toBe(200)
    const { output } = await manage(after, root, region, 'GET', '/api/status')
    expect(output.materialsByRootId).toEqual({ second: 61 })

    // Back again, for the tests that follow.
    const back = await deploy(region, `${first},${second}`)
    await rewrapAll(region, () => sealedBy(back, region, 'second'))
  })

  it('rewrap under load loses nothing', async () => {
    const region = newRegion()
    const before = await deploy(region, first)
    const keyIds: string[] = []
    for (let i = 0; i < 20; i++) keyIds.push(await newKey(region, root, before))
    const blobs = await sealSome(before, region, keyIds)
    const during = await deploy(region, both)
    const work: Promise<Answer>[] = []
    for (let round = 0; round < 8; round++) {
      work.push(...keyIds.map((KeyId) => kms(during, root, region, 'Encrypt', { KeyId, Plaintext: base64('x') })))
      work.push(...blobs.map((CiphertextBlob) => kms(during, root, region, 'Decrypt', { CiphertextBlob })))
      if (round % 2) work.push(kms(during, root, region, 'RotateKeyOnDemand', { KeyId: keyIds[round] as string }))
      await runDurableObjectAlarm(vaultOf(region))
    }
    const answers = await Promise.all(work)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const sealed = answers.flatMap(({ output }) => (output.CiphertextBlob ? [output.CiphertextBlob] : []))
    await rewrapAll(region, () => sealedBy(during, region, firstId))
    const after = await deploy(region, second)
    await openAll(after, region, [...blobs, ...sealed.slice(0, 40)])
    const back = await deploy(region, `${first},${second}`)
    await rewrapAll(region, () => sealedBy(back, region, 'second'))
  })
})

describe('a root key that is not the one of this id', () => {
  const rows = (region: string) =>
    Promise.all(
      ['rows', 'audit', 'last_use'].map((table) => sqlNumber(vaultOf(region), `SELECT count(*) FROM ${table}`)),
    )

  it.each([
    ['swapped', swapped],
    ['beside a new one', `${second},${swapped}`],
  ])('%s: nothing is answered or written until the right one is back', async (_, wrong) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    const before = await deploy(region, first)
    const keyId = await newKey(region, root, before)
    const blobs = await sealSome(before, region, [keyId])
    await isolate().fetch(new Request(`${origin}/readyz`)) // the Directory has seen the right one
    const written = await rows(region)

    const broken = await deploy(region, wrong)
    const readyz = await broken.fetch(new Request(`${origin}/readyz`))
    expect([readyz.status, await readyz.text()]).toEqual([503, 'not ready: root keys or storage\n'])
    for (const operation of ['ListKeys', 'CreateKey']) {
      expect(await kms(broken, root, region, operation)).toMatchObject({ status: 500, code: 'KMSInternalException' })
    }
    expect((await manage(broken, root, region, 'GET', '/api/status')).status).toBe(500)
    await runDurableObjectAlarm(vaultOf(region))
    expect(await rows(region)).toEqual(written)
    expect(JSON.stringify(logged.mock.calls)).toContain('RootKeyMismatch')
    expect(JSON.stringify(logged.mock.calls)).not.toContain(wrong)

    const after = await deploy(region, first)
    expect((await after.fetch(new Request(`${origin}/readyz`))).status).toBe(200)
    await openAll(after, region, blobs)
  })

  it('a new root key that was mistyped beside a wrong one can still be corrected', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    await newKey(region, root, await deploy(region, first))
    const broken = await deploy(region, `third:${btoa('0'.repeat(32))},${swapped}`)
    expect((await kms(broken, root, region, 'ListKeys')).status).toBe(500)
    const after = await deploy(region, `third:${btoa('3'.repeat(32))},${first}`)
    expect((await kms(after, root, region, 'ListKeys')).output.Keys).toHaveLength(1)
    await deploy(region, first)
  })

  it('a root key that is gone while it still seals: its keys fail, the others and the alarm go on', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const region = newRegion()
    const old = await newKey(region, root, await deploy(region, first))
    const front = await deploy(region, second)
    expect((await kms(front, root, region, 'Encrypt', { KeyId: old, Plaintext: base64('x') })).status).toBe(500)
    const young = await newKey(region, root, front)
    expect((await kms(front, root, region, 'Encrypt', { KeyId: young, Plaintext: base64('x') })).status).toBe(200)
    expect(await runDurableObjectAlarm(vaultOf(region))).toBe(true)
    expect(await runDurableObjectAlarm(vaultOf(region))).toBe(true) // it has come back to life for a next time
    await deploy(region, first)
  })
})
