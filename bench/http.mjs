import { httpRequest, load } from './load.mjs'
import { startBare, startMoto, startOurs } from './servers.mjs'

/**
 * How many warm calls of 1 KiB a second, against the bare runtime and against moto?
 * One run: for each row every server is loaded in turn, each by the same generator; ratios are within the row's turn.
 */
export async function run({ seconds = 2, say = console.log } = {}) {
  const servers = { strong: await startOurs(), leased: await startOurs({ KMS_LEASE_SECONDS: '30' }) }
  const bare = await startBare()
  const moto = await startMoto()
  if (moto) servers.moto = moto
  else say('moto: python3 has no moto here, its columns stay empty')
  try {
    const plans = {}
    for (const [name, server] of Object.entries(servers)) plans[name] = await prepare(server)
    const hello = [httpRequest({ method: 'GET', headers: { host: `127.0.0.1:${bare.port}` } })]
    const subtle = [httpRequest({ headers: { host: `127.0.0.1:${bare.port}` }, body: 'x'.repeat(1024) })]
    const rows = []
    for (const operation of ['Encrypt', 'Decrypt', 'GenerateDataKey']) {
      for (const connections of [1, 16, 64]) {
        const measure = (port, requests) => load({ port, requests, connections, ms: seconds * 1000 })
        const row = { operation, connections }
        row.hello = await measure(bare.port, hello)
        row.subtle = await measure(bare.port, subtle)
        for (const [name, server] of Object.entries(servers)) {
          row[name] = await measure(
            server.port,
            plans[name].map((plan) => httpRequest(server.sign(...plan[operation]))),
          )
        }
        rows.push(row)
        say(line(row))
      }
    }
    return rows
  } finally {
    await Promise.all([...Object.values(servers), bare].map((server) => server.stop()))
  }
}

/** 16 keys, and one call of each kind for each of them. */
async function prepare({ call }) {
  const Plaintext = Buffer.alloc(1024, 7).toString('base64')
  const EncryptionContext = { tenant: 'example', purpose: 'bench' }
  const plans = []
  for (let i = 0; i < 16; i++) {
    const { KeyMetadata } = await call('CreateKey', {})
    const KeyId = KeyMetadata.KeyId
    const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext, EncryptionContext })
    plans.push({
      Encrypt: ['Encrypt', { KeyId, Plaintext, EncryptionContext }],
      Decrypt: ['Decrypt', { CiphertextBlob, EncryptionContext }],
      GenerateDataKey: ['GenerateDataKey', { KeyId, NumberOfBytes: 1024, EncryptionContext }],
    })
  }
  return plans
}

const rate = (result) => (result ? `${Math.round(result.perSecond)}` : '-')
const times = (a, b) => (b ? (a.perSecond / b.perSecond).toFixed(1) : '-')

export const header =
  '| call | connections | hello | bare subtle | strong | leased | moto | strong : moto | leased : moto | leased : hello | p50 strong, ms | p50 leased, ms |'

/** One row of the table in docs/performance.md. */
export function line({ operation, connections, hello, subtle, strong, leased, moto }) {
  for (const result of [hello, subtle, strong, leased, moto]) {
    if (result?.failed) throw new Error(`${operation}: ${result.failed} calls failed, first ${result.firstFailure}`)
  }
  const cells = [operation, connections, ...[hello, subtle, strong, leased, moto].map(rate)]
  cells.push(times(strong, moto), times(leased, moto), `${Math.round((leased.perSecond / hello.perSecond) * 100)} %`)
  cells.push(strong.p50Ms.toFixed(2), leased.p50Ms.toFixed(2))
  return `| ${cells.join(' | ')} |`
}
