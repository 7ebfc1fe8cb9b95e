/**
 * A Worker that keeps notes in KV and never stores one in the clear: `PUT /notes/ID` seals the body, `GET` opens it. The
 * KMS is a service binding (wrangler.toml beside this file), so that there are no credentials to keep. A note opens under
 * the id that it was stored under and no other: whoever can write to KV cannot pass one note off as another.
 */

import { type KmsBox, kmsBox } from '../../src/client'
import { EnvelopeError } from '../../src/envelope'
import type { KmsClient } from '../../src/service/client'

interface Env {
  readonly KMS: KmsClient
  readonly NOTES: KVNamespace
  readonly KEY_ARN: string
}

/** One per isolate: data keys are used again for the same note. */
let box: KmsBox | undefined

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const [, id] = /^\/notes\/([\w-]{1,64})$/.exec(new URL(request.url).pathname) ?? []
    if (!id) return new Response('not found\n', { status: 404 })
    box ??= kmsBox({ kms: env.KMS, keyId: env.KEY_ARN, context: { store: 'notes' } })

    if (request.method === 'PUT') {
      await env.NOTES.put(id, await box.seal(await request.arrayBuffer(), { note: id }))
      return new Response(null, { status: 204 })
    }
    if (request.method !== 'GET') return new Response('PUT or GET\n', { status: 405 })
    const sealed = await env.NOTES.get(id, 'arrayBuffer')
    if (!sealed) return new Response('not found\n', { status: 404 })
    try {
      return new Response(await box.open(sealed, { note: id }))
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error
      return new Response(`this note cannot be opened: ${error.code}\n`, { status: 422 })
    }
  },
}
