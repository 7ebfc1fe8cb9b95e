import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Grant, grantUpload, type Settings } from '../../examples/web-upload/server'
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import { httpKms, kmsBox } from '../../src/client'
import { inspect } from '../../src/envelope'
import { bundled, newKeyArn, newRoleArn, newUser } from './example-world'
import { accountId, newStateFolder, region, removeFolder, rootUser, startServer } from './server'

const photo = Buffer.from('0123456789abcdef'.repeat(20_000))
const uploads = new Map<string, Bytes>()
const grants: Grant[] = []
const files = new Map<string, readonly [type: string, text: string]>()
let settings: Settings
let folder: string
let kms: ServedProcess
let browser: Browser
let page: Page

/** The site around the example, whose one user has signed in as alice. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '/' } = request
  const body = await buffer(request)
  if (method === 'POST' && url === '/grant') {
    const grant = await grantUpload(settings, 'alice', JSON.parse(body.toString()).name)
    grants.push(grant)
    response.end(JSON.stringify(grant))
  } else if (method === 'PUT' && url.startsWith('/uploads/')) {
    uploads.set(decodeURIComponent(url.slice('/uploads/'.length)), new Uint8Array(body))
    response.end()
  } else {
    const [type, text] = files.get(url) ?? ['text/plain', '']
    response.writeHead(text ? 200 : 404, { 'content-type': type }).end(text)
  }
}
const site = createServer((request, response) => {
  answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message))
})

beforeAll(async () => {
  folder = await newStateFolder()
  await new Promise<void>((done) => site.listen(0, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  kms = await startServer(folder, { KMS_CORS_ORIGINS: origin })
  settings = {
    endpoint: kms.url,
    region,
    credentials: await newUser(kms.url, ['sts:AssumeRole']),
    roleArn: await newRoleArn(kms.url, { AWS: accountId }, ['kms:GenerateDataKey', 'kms:Decrypt']),
    keyArn: await newKeyArn(kms.url),
  }
  files.set('/', [
    'text/html',
    await readFile(new URL('../../examples/web-upload/index.html', import.meta.url), 'utf8'),
  ])
  files.set('/page.js', ['text/javascript', await bundled('web-upload/page.ts', 'browser')])
  const executablePath = await findChromium()
  browser = await chromium.launch({ args: chromiumFlags, ...(executablePath ? { executablePath } : {}) })
  page = await browser.newPage()
  await page.goto(origin)
})
afterAll(async () => {
  await browser.close()
  await new Promise((done) => site.close(done))
  await kms.stop()
  await removeFolder(folder)
})

const shown = async () => {
  await page.waitForFunction("document.querySelector('output').value")
  return page.textContent('output')
}

describe('examples/web-upload', () => {
  it('seals a file in the page, and uploads what the server cannot read', async () => {
    await page.setInputFiles('input', { name: 'photo 1.jpg', mimeType: 'image/jpeg', buffer: photo })
    expect(await shown()).toMatch(/^photo 1\.jpg: \d+ sealed bytes$/)
    const message = uploads.get('photo 1.jpg') ?? new Uint8Array(0)
    const context = { user: 'alice', file: 'photo 1.jpg' }
    expect(inspect(message).encryptionContext).toEqual(context)
    expect(Buffer.from(message).includes('0123456789abcdef')).toBe(false)

    const owner = { endpoint: kms.url, region, credentials: rootUser }
    const opened = await kmsBox({ kms: owner, keyId: settings.keyArn, context }).open(message)
    expect(photo.equals(opened)).toBe(true)
  })

  it('gives the page credentials that open nothing and seal nothing else', async () => {
    const [grant] = grants
    if (!grant) throw new Error('no grant was given')
    const { endpoint, credentials, keyArn: KeyId, context: EncryptionContext } = grant
    expect(JSON.stringify(grant)).not.toContain(settings.credentials.secretAccessKey)
    const client = httpKms({ endpoint, region, credentials })
    const input = { KeyId, NumberOfBytes: 32, EncryptionContext }
    const { CiphertextBlob = new Uint8Array(0) } = await client.generateDataKey(input)
    const denied = { code: 'AccessDeniedException' }
    await expect(client.decrypt({ CiphertextBlob, EncryptionContext })).rejects.toMatchObject(denied)
    const bob = { ...EncryptionContext, user: 'bob' }
    await expect(client.generateDataKey({ ...input, EncryptionContext: bob })).rejects.toMatchObject(denied)
  })

  it('shows what went wrong', async () => {
    const before = uploads.size
    const { keyArn } = settings
    settings = { ...settings, keyArn: keyArn.replace(/[0-9a-f]{12}$/, '0123456789ab') }
    await page.evaluate("document.querySelector('output').value = ''")
    await page.setInputFiles('input', { name: 'other', mimeType: 'image/jpeg', buffer: photo })
    expect(await shown()).toContain('NotFoundException')
    expect(uploads.size).toBe(before)
  })
})
