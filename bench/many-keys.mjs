import { startOurs } from './servers.mjs'

/**
 * What do ListKeys pages, alias look-ups and DescribeKey cost with 100,000 keys in one Vault, against 1,000?
 * Keys are made through the API, in parallel; each figure is the median of many single calls.
 */
export async function run({ few = 1_000, many = 100_000, say = console.log } = {}) {
  const server = await startOurs()
  try {
    const keys = []
    const before = await grow(server, keys, few, say)
    const small = await measure(server, keys)
    const after = await grow(server, keys, many, say)
    const large = await measure(server, keys)
    say(`keys made per second: ${before.toFixed(0)} up to ${few}, ${after.toFixed(0)} up to ${many}`)
    for (const name of Object.keys(small)) {
      say(line({ name, few: small[name], many: large[name], times: large[name] / small[name] }))
    }
    return { small, large }
  } finally {
    await server.stop()
  }
}

export const header = '| call | ms at 1,000 keys | ms at 100,000 keys | ratio |'
const line = ({ name, few, many, times }) =>
  `| ${name} | ${few.toFixed(2)} | ${many.toFixed(2)} | ${times.toFixed(2)} |`

/** Until there are `count` keys; every hundredth gets an alias. Returns keys per second. */
async function grow({ call }, keys, count, say) {
  const start = performance.now()
  const first = keys.length
  let begun = first
  const maker = async () => {
    while (begun < count) {
      const index = begun++
      const { KeyMetadata } = await call('CreateKey', { Description: `key ${index}` })
      keys.push(KeyMetadata.KeyId)
      if (index % 100 === 0)
        await call('CreateAlias', { AliasName: `alias/key-${index}`, TargetKeyId: KeyMetadata.KeyId })
      if ((index + 1) % 20_000 === 0) say(`… ${index + 1} keys`)
    }
  }
  await Promise.all(Array.from({ length: 32 }, maker))
  return ((count - first) / (performance.now() - start)) * 1000
}

async function measure({ call }, keys) {
  const { NextMarker } = await call('ListKeys', { Limit: 500 })
  const calls = {
    'ListKeys, first page of 100': () => call('ListKeys', {}),
    'ListKeys, a later page of 100': () => call('ListKeys', { Marker: NextMarker, Limit: 100 }),
    'ListAliases, first page of 50': () => call('ListAliases', {}),
    'DescribeKey by id': (i) => call('DescribeKey', { KeyId: keys[(i * 7919) % keys.length] }),
    'DescribeKey by alias': (i) => call('DescribeKey', { KeyId: `alias/key-${((i * 7) % (keys.length / 100)) * 100}` }),
  }
  const medians = {}
  for (const [name, make] of Object.entries(calls)) {
    const times = []
    for (let i = 0; i < 300; i++) {
      const start = performance.now()
      await make(i)
      times.push(performance.now() - start)
    }
    medians[name] = times.sort((a, b) => a - b)[150]
  }
  return medians
}
