import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { expect, it } from 'vitest'
import { verifySignature } from '../../../src/identity/sigv4'
import { asSigned, context, long } from './helpers'

/** What the SDK hands to its transport, as far as it matters here. */
interface SentRequest {
  method: string
  protocol: string
  hostname: string
  port?: number
  path: string
  headers: Record<string, string>
  body: Uint8Array | string
}

it.each(['https://kms.us-east-1.amazonaws.com', 'http://127.0.0.1:8787', 'https://example.com/kms'])(
  'AWS SDK for JavaScript at %s',
  async (endpoint) => {
    let sent: SentRequest | undefined
    const client = new KMSClient({
      region: 'us-east-1',
      endpoint,
      credentials: { ...long, sessionToken: 'a/b+c==' },
      maxAttempts: 1,
      requestHandler: {
        handle: async (request: unknown) => {
          sent = request as SentRequest
          throw new Error('captured')
        },
      } as never,
    })
    const command = new EncryptCommand({ KeyId: 'alias/a', Plaintext: new Uint8Array([1, 2, 3]) })
    await expect(client.send(command)).rejects.toThrow('captured')
    if (!sent) throw new Error('the SDK sent nothing')
    const port = sent.port ? `:${sent.port}` : ''
    const body = typeof sent.body === 'string' ? sent.body : new TextDecoder().decode(sent.body)
    const request = { ...sent, url: `${sent.protocol}//${sent.hostname}${port}${sent.path}`, body }
    const found = await verifySignature(asSigned(request), context({ nowMs: Date.now() }))
    expect(found).toMatchObject({ accessKeyId: long.accessKeyId, sessionToken: 'a/b+c==', presigned: false })
    await expect(
      verifySignature(asSigned({ ...request, body: `${body} ` }), context({ nowMs: Date.now() })),
    ).rejects.toMatchObject({ code: 'InvalidSignatureException' })
  },
)
