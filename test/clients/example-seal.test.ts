import { readFile } from 'node:fs/promises'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { inspect } from '../../src/envelope'
import { bundled, newKeyArn, newRoleArn } from './example-world'
import { region, secrets } from './server'

const compatibilityDate = '2026-11-02'
const module = (contents: string) => [{ type: 'ESModule' as const, path: 'index.js', contents }]

let mf: Miniflare
beforeAll(async () => {
  const { workerPath, settings } = await build()
  const objects = Object.entries(settings.durableObjects as Record<string, string>)
  const kms = {
    name: 'subtle-kms',
    modules: module(await readFile(workerPath, 'utf8')),
    compatibilityDate: settings.compatibilityDate,
    compatibilityFlags: settings.compatibilityFlags,
    bindings: { ...settings.vars, ...secrets },
    durableObjects: Object.fromEntries(objects.map(([name, className]) => [name, { className, useSQLite: true }])),
  }
  const options = (workers: object[]) => convertV4MiniflareOptions({ cf: false, workers } as never)
  mf = new Miniflare(options([kms]))
  const { origin } = await mf.ready
  const keyArn = await newKeyArn(origin)
  const trusted = { Service: 'rpc.subtle-kms' }
  const roleArn = await newRoleArn(origin, trusted, ['kms:GenerateDataKey', 'kms:Decrypt'])

  const notes = {
    name: 'worker-seal',
    modules: module(await bundled('worker-seal/index.ts', 'browser')),
    compatibilityDate,
    bindings: { KEY_ARN: keyArn },
    kvNamespaces: ['NOTES'],
    serviceBindings: {
      KMS: { name: 'subtle-kms', entrypoint: 'KmsRpc', props: { roleArn, sessionName: 'worker-seal', region } },
    },
  }
  await mf.setOptions(options([kms, notes]))
})
afterAll(() => mf.dispose())

const notes = async () => mf.getWorker('worker-seal')
const path = (id: string) => `http://notes.test/notes/${id}`
const put = async (id: string, body: string) => (await notes()).fetch(path(id), { method: 'PUT', body })
const get = async (id: string) => {
  const response = await (await notes()).fetch(path(id))
  return { status: response.status, text: await response.text() }
}

describe('examples/worker-seal', () => {
  it('stores what only it can read', async () => {
    expect((await put('a', 'buy milk')).status).toBe(204)
    expect(await get('a')).toEqual({ status: 200, text: 'buy milk' })
    const kv = await mf.getKVNamespace('NOTES', 'worker-seal')
    const stored = new Uint8Array((await kv.get('a', 'arrayBuffer')) ?? new ArrayBuffer(0))
    expect(inspect(stored).encryptionContext).toEqual({ store: 'notes', note: 'a' })
    expect(Buffer.from(stored).includes('buy milk')).toBe(false)
  })

  it('opens no note under another id, and none that was changed', async () => {
    await put('b', 'pay 10')
    const kv = await mf.getKVNamespace('NOTES', 'worker-seal')
    const stored = (await kv.get('b', 'arrayBuffer')) ?? new ArrayBuffer(0)
    await kv.put('c', stored)
    expect(await get('c')).toEqual({ status: 422, text: 'this note cannot be opened: invalidContext\n' })
    await kv.put('b', stored.slice(0, -1))
    expect(await get('b')).toEqual({ status: 422, text: 'this note cannot be opened: messageTruncated\n' })
    expect((await get('nothing')).status).toBe(404)
  })
})
