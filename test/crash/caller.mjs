import { Agent, request } from 'node:http'
import { signedKmsCall } from '../../bench/sign.mjs'

/**
 * Signed KMS calls to one server. A call counts as acknowledged when its whole reply is here; what was acknowledged is
 * kept in `acknowledged`, by request id.
 */
export class Caller {
  #agent = new Agent({ keepAlive: true, noDelay: true })
  #url

  constructor(url, { credentials, region, acknowledged }) {
    this.#url = new URL(url)
    this.credentials = credentials
    this.region = region
    this.acknowledged = acknowledged
  }

  /** `{ output }` or `{ error }`, the code of a refusal. Throws NoReplyError, UnexpectedReplyError. */
  async call(operation, input) {
    const { credentials, region } = this
    const { headers, body } = signedKmsCall({ operation, input, credentials, region, hostname: this.#url.host })
    const reply = await this.#exchange(headers, body)
    const requestId = reply.headers['x-amzn-requestid']
    const content = reply.body ? JSON.parse(reply.body) : {}
    const error = reply.status === 200 ? undefined : String(content.__type)
    if (reply.status >= 500 || !requestId) throw new UnexpectedReplyError(operation, reply)
    if (this.acknowledged.has(requestId)) throw new Error(`Two replies have the request id ${requestId}.`)
    this.acknowledged.set(requestId, { operation, error })
    return error === undefined ? { output: content } : { error }
  }

  /** The same where a refusal is a failure of its own. */
  async succeed(operation, input) {
    const { output, error } = await this.call(operation, input)
    if (error) throw new Error(`${operation} was refused: ${error}`)
    return output
  }

  /** Every item of a listing. */
  async list(operation, member, input = {}) {
    const items = []
    for (let marker; ; ) {
      const page = await this.succeed(operation, { ...input, ...(marker ? { Marker: marker } : {}) })
      items.push(...page[member])
      if (!page.Truncated) return items
      marker = page.NextMarker
    }
  }

  close() {
    this.#agent.destroy()
  }

  #exchange(headers, body) {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#url
      const options = {
        agent: this.#agent,
        hostname,
        port,
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      }
      const sent = request(options, (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', (cause) => reject(new NoReplyError(cause)))
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      })
      sent.on('error', (cause) => reject(new NoReplyError(cause)))
      sent.end(body)
    })
  }
}

/** The connection ended before the whole reply was here. */
export class NoReplyError extends Error {
  constructor(cause) {
    super(`no reply: ${cause.message}`, { cause })
    this.name = 'NoReplyError'
  }
}

/** The server is there and does not do its work: never the consequence of its end. */
export class UnexpectedReplyError extends Error {
  constructor(operation, { status, body }) {
    super(`${operation}: ${status} ${body.slice(0, 300)}`)
    this.name = 'UnexpectedReplyError'
  }
}
