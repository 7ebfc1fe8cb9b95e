import { parseArgs } from 'node:util'
import { Campaign } from '../test/crash/campaign.mjs'

/**
 * `npm run crash [-- --rounds N --seed N]`: kills the local server under load, N times, and looks for what was lost.
 * The seed chooses calls and moments; which write a moment meets is the machine's doing.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)
if (!(Number.isInteger(rounds) && rounds > 0 && Number.isInteger(seed) && seed >= 0)) {
  console.error('--rounds and --seed take whole numbers.')
  process.exit(2)
}

console.log(`seed ${seed}`)
const campaign = await Campaign.open(seed)
const { problems, counts } = campaign
try {
  await campaign.prepare(300)
  for (let round = 1; round <= rounds && !problems.length; round++) {
    const { killAfterMs, leased, warm } = await campaign.round({ leased: round % 5 === 0 })
    const how = `${leased ? 'leased' : 'strong'}, ${warm ? 'warm' : 'cold'}`
    console.log(`round ${round}: killed after ${killAfterMs.toFixed()} ms (${how}), ${problems.length} problems`)
  }
  if (!problems.length) {
    const { halfway } = await campaign.rotateRoot()
    console.log(`root key rotation: ${halfway} kills met it halfway`)
    await campaign.checkEverything()
  }
} finally {
  await campaign.close()
  console.log(counts)
  for (const problem of problems.slice(0, 50)) console.error(problem)
}
console.log(`${counts.rounds} rounds, ${problems.length} problems`)
if (problems.length) process.exitCode = 1
