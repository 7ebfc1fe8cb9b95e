import { randomBytes } from 'node:crypto'
import { decryptInput, learnNewKey } from './writers.mjs'

// What clients of a campaign were told, asked again of a server that was started after its end.

/** No key is lost, and each new one works, or each of them all. */
export async function checkKeys(campaign, caller, all) {
  const listed = new Set((await caller.list('ListKeys', 'Keys', { Limit: 1000 })).map(({ KeyId }) => KeyId))
  for (const writer of campaign.writers) for (const keyId of writer.keys) requireListed(campaign, listed, keyId)
  for (const keyId of campaign.knownKeys) requireListed(campaign, listed, keyId)
  const told = new Set(campaign.writers.flatMap((writer) => writer.keys))
  await inTurns([...listed], async (keyId) => {
    if (campaign.knownKeys.has(keyId) && !all) return
    if (!campaign.knownKeys.has(keyId) && !told.has(keyId)) await adopt(campaign, caller, keyId)
    campaign.knownKeys.add(keyId)
    await checkKeyWorks(campaign, caller, keyId)
  })
}

function requireListed(campaign, listed, keyId) {
  if (!listed.has(keyId)) campaign.problems.push(`lost: key ${keyId}`)
}

/** Made by a call that nobody saw answered. */
async function adopt(campaign, caller, keyId) {
  campaign.counts.unacknowledgedKeys += 1
  const { Description } = (await caller.succeed('DescribeKey', { KeyId: keyId })).KeyMetadata
  const name = Description.split('-')[0]
  const writer = campaign.writers.find((each) => each.name === name)
  if (!writer) {
    campaign.problems.push(`key ${keyId}, "${Description}", was made by nobody`)
    return
  }
  writer.keys.push(keyId)
  learnNewKey(campaign.facts, keyId, { description: Description, madeBy: name })
}

async function checkKeyWorks(campaign, caller, keyId) {
  const plaintext = randomBytes(32).toString('base64')
  const { KeyState } = (await caller.succeed('DescribeKey', { KeyId: keyId })).KeyMetadata
  if (KeyState !== 'Enabled') return // its blobs are opened at the end, when all keys are enabled
  const { CiphertextBlob } = await caller.succeed('Encrypt', { KeyId: keyId, Plaintext: plaintext })
  const { Plaintext } = await caller.succeed('Decrypt', { CiphertextBlob })
  if (Plaintext !== plaintext) campaign.problems.push(`key ${keyId} does not open what it sealed`)
}

/** Each of these facts is as acknowledged, or as a call without an answer would have made it. */
export async function checkFacts(campaign, caller, names) {
  const aliases = new Map(
    (await caller.list('ListAliases', 'Aliases', { Limit: 100 })).map((each) => [each.AliasName, each.TargetKeyId]),
  )
  const views = new Map()
  const view = (keyId) => {
    if (!views.has(keyId)) views.set(keyId, readKey(caller, keyId))
    return views.get(keyId)
  }
  await inTurns(names, async (name) => {
    const [kind, subject, member] = name.split(' ')
    const actual = kind === 'alias' ? (aliases.get(subject) ?? null) : factOf(kind, member, await view(subject))
    const told = campaign.facts.get(name)
    const verdict = campaign.facts.settle(name, actual)
    if (verdict === 'unacknowledged') campaign.counts.unacknowledgedChanges += 1
    if (verdict === 'lost') campaign.problems.push(`lost: ${name} is ${actual}, acknowledged was ${told}`)
  })
}

/** Blobs are opened when their key can: each one new, or all. */
export async function checkBlobs(campaign, caller, all) {
  const blobs = campaign.writers.flatMap((writer) => writer.blobs).filter((blob) => all || !blob.opened)
  await inTurns(blobs, async (blob) => {
    if (campaign.facts.get(`state ${blob.keyId}`) !== 'Enabled') return
    const { output, error } = await caller.call('Decrypt', decryptInput(blob))
    blob.opened = true
    if (error || output.Plaintext !== blob.plaintext) {
      campaign.problems.push(`lost: a blob of key ${blob.keyId}: ${error ?? 'another plaintext'}`)
    }
  })
}

async function readKey(caller, keyId) {
  const [{ KeyMetadata }, tags, rotations] = await Promise.all([
    caller.succeed('DescribeKey', { KeyId: keyId }),
    caller.list('ListResourceTags', 'Tags', { KeyId: keyId }),
    caller.list('ListKeyRotations', 'Rotations', { KeyId: keyId }),
  ])
  return { KeyMetadata, tags: new Map(tags.map((tag) => [tag.TagKey, tag.TagValue])), rotations: rotations.length }
}

function factOf(kind, member, { KeyMetadata, tags, rotations }) {
  if (kind === 'state') return KeyMetadata.KeyState
  if (kind === 'description') return KeyMetadata.Description
  if (kind === 'rotations') return rotations
  return tags.get(member) ?? null
}

/** Sixteen at a time. */
export async function inTurns(items, work) {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}
