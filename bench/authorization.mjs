import { httpRequest, load } from './load.mjs'
import { startOurs, statement } from './servers.mjs'

/**
 * What does deciding cost? Warm calls of Encrypt in strong mode, all of one run: with the default key policy; with a key
 * policy of 20 statements, 5 identity policies and 1,000 grants on the key; and by a grant alone, with more and more
 * grants on the key that are for others.
 */
export async function run({ seconds = 2, turns = 3, grants = [10, 1_000, 50_000], say = console.log } = {}) {
  const server = await startOurs()
  try {
    const others = await Promise.all(
      Array.from({ length: 10 }, (_, i) => server.addUser(`other-${i}`, { none: statement('Deny', ['s3:*'], '*') })),
    )
    const plain = await planOf(server, server, await keyWith(server, {}))
    const heavyUser = await server.addUser('heavy', heavyPolicies)
    const heavyKey = await keyWith(server, { Policy: heavyKeyPolicy(server.accountId) })
    await grantOthers(server, heavyKey, others, 1_000)
    const heavy = await planOf(server, heavyUser, heavyKey)
    report(say, 'default policy', await inTurns({ plain, heavy }, { seconds, turns }), [
      ['20 statements, 5 identity policies, 1,000 grants', 'heavy'],
    ])

    const grantee = await server.addUser('grantee', { none: statement('Deny', ['s3:*'], '*') })
    const plans = {}
    for (const count of grants) {
      const KeyId = await keyWith(server, {})
      await grantOthers(server, KeyId, others, count)
      await server.root.call('CreateGrant', { KeyId, GranteePrincipal: grantee.arn, Operations: ['Encrypt'] })
      plans[count] = await planOf(server, grantee, KeyId)
    }
    const [first, ...more] = grants
    report(
      say,
      `a grant among ${first}`,
      await inTurns(plans, { seconds, turns }),
      more.map((count) => [`a grant among ${count}`, count]),
    )
  } finally {
    await server.stop()
  }
}

export const header = '| compared | connections | calls a second | cost of a call, relative |'

const keyWith = async (server, input) => (await server.root.call('CreateKey', input)).KeyMetadata.KeyId

/** Grants for other users. */
async function grantOthers(server, keyId, others, count) {
  const rows = Array.from({ length: count }, (_, i) => {
    const grantId = i.toString(16).padStart(64, '0')
    const value = {
      keyId,
      grantId,
      createdAtMs: Date.now(),
      granteePrincipal: others[i % others.length].arn,
      operations: ['Encrypt', 'Decrypt'],
      issuingAccount: `arn:aws:iam::${server.accountId}:root`,
    }
    return { collection: 'grant', id: `${keyId}/${grantId}`, value }
  })
  await server.plant(rows)
}

async function planOf(server, user, KeyId) {
  const Plaintext = Buffer.alloc(1024, 7).toString('base64')
  const input = { KeyId, Plaintext, EncryptionContext: { tenant: 'example', purpose: 'bench' } }
  await user.call('Encrypt', input)
  return { port: server.port, requests: [httpRequest(user.sign('Encrypt', input))] }
}

/** Every plan in turn, several times over; of each the median rate, so that a busy moment hits all alike. */
async function inTurns(plans, { seconds, turns }) {
  const results = {}
  for (const connections of [1, 16]) {
    const rates = Object.fromEntries(Object.keys(plans).map((name) => [name, []]))
    for (let turn = 0; turn < turns; turn++) {
      for (const [name, plan] of Object.entries(plans)) {
        const result = await load({ ...plan, connections, ms: seconds * 1000 })
        if (result.failed) throw new Error(`${name}: ${result.failed} calls failed, first ${result.firstFailure}`)
        rates[name].push(result.perSecond)
      }
    }
    results[connections] = Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, median(list)]))
  }
  return results
}

function report(say, baseName, results, rows) {
  for (const [connections, rates] of Object.entries(results)) {
    const base = Object.values(rates)[0]
    say(`| ${baseName} | ${connections} | ${Math.round(base)} | 1.00 |`)
    for (const [label, name] of rows) {
      say(`| ${label} | ${connections} | ${Math.round(rates[name])} | ${(base / rates[name]).toFixed(2)} |`)
    }
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const padding = (index) => ({
  Sid: `Unrelated${index}`,
  Effect: index % 4 ? 'Allow' : 'Deny',
  Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey*'],
  Resource: '*',
  Condition: {
    StringEquals: { 'kms:EncryptionContext:tenant': [`tenant-${index}`, `other-${index}`] },
    StringLike: { 'kms:ViaService': `service${index}.*.amazonaws.com` },
    Bool: { 'aws:SecureTransport': 'true' },
  },
})

const heavyPolicies = Object.fromEntries(
  Array.from({ length: 5 }, (_, i) => {
    const own = {
      Effect: 'Allow',
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: { StringLike: { 'kms:KeySpec': 'SYM*' } },
    }
    const Statement = [padding(2 * i + 1), padding(2 * i + 2), ...(i === 4 ? [own] : [])]
    return [`policy-${i}`, JSON.stringify({ Version: '2012-10-17', Statement })]
  }),
)

function heavyKeyPolicy(accountId) {
  const AWS = `arn:aws:iam::${accountId}:root`
  const Statement = Array.from({ length: 19 }, (_, i) => ({ ...padding(i + 1), Principal: { AWS } }))
  Statement.push({ Sid: 'Account', Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' })
  return JSON.stringify({ Version: '2012-10-17', Statement })
}
