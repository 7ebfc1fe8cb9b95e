import { signRequest } from '../../src/identity/sigv4'
import type { Doorway } from '../../src/wire'
import { findSigningKey, long, nowMs } from '../identity/sigv4/helpers'

export const requestId = '0f1e2d3c-0000-4000-8000-000000000000'
export const faults: unknown[] = []
export const door = (changes: Partial<Doorway> = {}): Doorway => ({
  basePath: '/',
  wallMs: () => nowMs,
  newRequestId: () => requestId,
  isRegion: (region) => region === 'us-east-1',
  findSigningKey,
  sourceIp: () => '192.0.2.1',
  reportFault: (fault) => faults.push(fault),
  ...changes,
})

export const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' }
export const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

interface Ask {
  method?: string
  url?: string
  headers?: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
  service?: string
  accessKeyId?: string
}

/** A signed Request: ListKeys unless told otherwise. */
export async function ask({
  method = 'POST',
  url = 'https://kms.example/',
  headers = json,
  body,
  service = 'kms',
  accessKeyId,
}: Ask = {}) {
  const sent = method === 'POST' ? (body ?? '{}') : ''
  const credentials = { ...long, ...(accessKeyId !== undefined && { accessKeyId }) }
  const signed = await signRequest(
    { method, url, headers: { 'user-agent': 'test/1', ...headers }, body: sent },
    { credentials, region: 'us-east-1', service, nowMs },
  )
  return new Request(url, { method, headers: signed, ...(method === 'POST' && { body: sent }) })
}

export async function seen(response: unknown): Promise<[status: number, body: string]> {
  if (!(response instanceof Response)) throw new Error(`passed: ${JSON.stringify(response)}`)
  return [response.status, await response.text()]
}
