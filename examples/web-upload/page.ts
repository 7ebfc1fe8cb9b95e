/**
 * The page: a file is sealed before it leaves the browser, with credentials that are good for this key, this file's
 * encryption context and a quarter of an hour (server.ts). The server stores what it cannot read.
 */
import { kmsBox } from '../../src/client'
import type { Grant } from './server'

async function upload(file: File): Promise<string> {
  const answer = await fetch('grant', { method: 'POST', body: JSON.stringify({ name: file.name }) })
  if (!answer.ok) throw new Error(await answer.text())
  const { endpoint, region, keyArn, context, credentials } = (await answer.json()) as Grant
  const box = kmsBox({ kms: { endpoint, region, credentials }, keyId: keyArn, context })
  const sealing = box.sealStream()
  await sealing.header // there is a data key; else this says why not
  const sealed = file.stream().pipeThrough(sealing)
  // Blobs may lie on disk. Where the server speaks HTTP/2, the stream itself can be the body.
  const body = await new Response(sealed).blob()
  const stored = await fetch(`uploads/${encodeURIComponent(file.name)}`, { method: 'PUT', body })
  if (!stored.ok) throw new Error(await stored.text())
  return `${file.name}: ${body.size} sealed bytes`
}

const input = document.querySelector('input') as HTMLInputElement
const output = document.querySelector('output') as HTMLOutputElement
input.addEventListener('change', () => {
  for (const file of input.files ?? []) void show(file)
})

async function show(file: File): Promise<void> {
  output.value = await upload(file).catch((error: Error) => error.message)
}
