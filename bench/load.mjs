import { connect } from 'node:net'

/**
 * A load generator over plain sockets: each connection sends one of the prepared requests, waits for its whole reply and
 * sends the next. Nothing is parsed but status and content-length, so that one core is enough for it.
 */
export async function load({ port, host = '127.0.0.1', requests, connections, ms, warmMs = 300 }) {
  const latencies = []
  let completed = 0
  let failed = 0
  let total = 0
  let firstFailure
  const start = performance.now()
  const from = start + warmMs
  const until = from + ms
  await Promise.all(Array.from({ length: connections }, (_, index) => converse(index)))
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]
  return { perSecond: (completed / ms) * 1000, p50Ms: at(0.5), p99Ms: at(0.99), completed, total, failed, firstFailure }

  function converse(index) {
    return new Promise((resolve, reject) => {
      let socket
      let next = index
      let sentAt = 0
      let head = ''
      let left = -1
      let status = ''
      const send = () => {
        sentAt = performance.now()
        socket.write(requests[next++ % requests.length])
      }
      const finish = () => {
        total++
        const now = performance.now()
        if (now >= from && now < until) {
          latencies.push(now - sentAt)
          completed++
          if (status !== '200') {
            failed++
            firstFailure ??= `${status} ${head.slice(0, 400)}`
          }
        }
        const closing = /\r\nconnection: *close/i.test(head) || head.startsWith('HTTP/1.0')
        head = ''
        left = -1
        if (now >= until) {
          socket.removeAllListeners('close')
          socket.destroy()
          resolve()
        } else if (closing) socket.destroy()
        else send()
      }
      const receive = (chunk) => {
        if (left > 0) {
          left -= chunk.length
          if (left <= 0) finish()
          return
        }
        head += chunk.latin1Slice()
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        status = head.slice(9, 12)
        const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end + 2))
        if (!length) return reject(new Error(`a reply without content-length: ${head.slice(0, end)}`))
        left = Number(length[1]) - (head.length - end - 4)
        if (left <= 0) finish()
      }
      /** A server that closes after each reply is given a new connection, which is part of what it costs. */
      const open = () => {
        if (performance.now() >= until) return resolve()
        socket = connect({ port, host, noDelay: true })
        socket.on('connect', send)
        socket.on('error', reject)
        socket.on('data', receive)
        socket.on('close', open)
      }
      open()
    })
  }
}

/** The bytes of one HTTP/1.1 request on a kept connection. */
export function httpRequest({ method = 'POST', path = '/', headers, body = '' }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
