import { pick } from './random.mjs'

/** One of the parallel clients: what it made, by which it chooses what to do next. */
class Writer {
  keys = []
  aliases = []
  blobs = []
  counter = 0

  constructor(name) {
    this.name = name
  }

  next() {
    this.counter += 1
    return `${this.name}-${this.counter}`
  }
}

export const makeWriters = (count) => Array.from({ length: count }, (_, index) => new Writer(`w${index}`))

const base64 = (text) => Buffer.from(text).toString('base64')

/**
 * What a writer can do, by weight. Each gives the call and what follows from it: `fact`, a name and its new value;
 * `onReply`, what an answer tells. Undefined where the writer has nothing to do it with. Every writer has tags and
 * aliases on one shared key, so that commits meet.
 */
const steps = [
  { weight: 3, make: ({ writer }) => createKey(writer) },
  { weight: 8, make: ({ writer, random }) => encrypt(writer, pick(random, writer.keys)) },
  { weight: 4, make: ({ writer, random }) => decrypt(pick(random, writer.blobs)) },
  { weight: 2, make: ({ writer, random }) => generateDataKey(writer, pick(random, writer.keys)) },
  {
    weight: 3,
    make: ({ writer, random, sharedKey }) =>
      createAlias(writer, random() < 0.3 ? sharedKey : pick(random, writer.keys)),
  },
  {
    weight: 2,
    make: ({ writer, random, sharedKey }) =>
      updateAlias(pick(random, writer.aliases), random() < 0.3 ? sharedKey : pick(random, writer.keys)),
  },
  { weight: 1, make: ({ writer, random }) => deleteAlias(writer, pick(random, writer.aliases)) },
  {
    weight: 4,
    make: ({ writer, random, sharedKey }) => tag(writer, random() < 0.5 ? sharedKey : pick(random, writer.keys)),
  },
  {
    weight: 1,
    make: ({ writer, random, sharedKey }) => untag(writer, random() < 0.5 ? sharedKey : pick(random, writer.keys)),
  },
  { weight: 2, make: ({ writer, random }) => describe(writer, pick(random, writer.keys)) },
  { weight: 1, make: ({ writer, random }) => changeState(pick(random, writer.keys), 'DisableKey', 'Disabled') },
  { weight: 2, make: ({ writer, random }) => changeState(pick(random, writer.keys), 'EnableKey', 'Enabled') },
  {
    weight: 1,
    make: ({ writer, random }) => changeState(pick(random, writer.keys), 'ScheduleKeyDeletion', 'PendingDeletion'),
  },
  { weight: 2, make: ({ writer, random }) => changeState(pick(random, writer.keys), 'CancelKeyDeletion', 'Disabled') },
  { weight: 2, make: ({ writer, random, facts }) => rotate(facts, pick(random, writer.keys)) },
  {
    weight: 1,
    make: ({ writer }) => ({ operation: 'Encrypt', input: { KeyId: `alias/none-${writer.name}`, Plaintext: 'AA==' } }),
  },
]
const weights = steps.reduce((sum, { weight }) => sum + weight, 0)

function chooseStep(world) {
  for (;;) {
    let left = world.random() * weights
    const { make } = steps.find(({ weight }) => {
      left -= weight
      return left < 0
    })
    const step = make(world)
    if (step) return step
  }
}

/** Calls one after the other until `isOver`; rejects when an answer does not come. */
export async function write(caller, world, isOver) {
  const { facts } = world
  while (!isOver()) {
    const { operation, input, fact, onReply } = chooseStep(world)
    if (fact) facts.begin(fact.name, fact.value)
    const { output, error } = await caller.call(operation, input)
    if (error === undefined) {
      if (fact) facts.acknowledge(fact.name)
      onReply?.(output, facts)
    } else if (fact) facts.refuse(fact.name)
  }
}

function createKey(writer) {
  const Description = writer.next()
  return {
    operation: 'CreateKey',
    input: { Description, Tags: [{ TagKey: 'made-by', TagValue: writer.name }] },
    onReply: ({ KeyMetadata: { KeyId } }, facts) => {
      writer.keys.push(KeyId)
      learnNewKey(facts, KeyId, { description: Description, madeBy: writer.name })
    },
  }
}

export function learnNewKey(facts, keyId, { description, madeBy }) {
  facts.learn(`state ${keyId}`, 'Enabled')
  facts.learn(`description ${keyId}`, description)
  facts.learn(`rotations ${keyId}`, 0)
  facts.learn(`tag ${keyId} made-by`, madeBy)
}

function encrypt(writer, keyId) {
  if (!keyId) return undefined
  const plaintext = base64(writer.next().padEnd(32, '.'))
  const context = { writer: writer.name }
  return {
    operation: 'Encrypt',
    input: { KeyId: keyId, Plaintext: plaintext, EncryptionContext: context },
    onReply: ({ CiphertextBlob }) => writer.blobs.push({ keyId, blob: CiphertextBlob, plaintext, context }),
  }
}

function generateDataKey(writer, keyId) {
  if (!keyId) return undefined
  const context = { writer: writer.name }
  return {
    operation: 'GenerateDataKey',
    input: { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context },
    onReply: ({ CiphertextBlob, Plaintext }) =>
      writer.blobs.push({ keyId, blob: CiphertextBlob, plaintext: Plaintext, context }),
  }
}

export const decryptInput = ({ blob, context }) => ({ CiphertextBlob: blob, EncryptionContext: context })

function decrypt(blob) {
  if (!blob) return undefined
  return {
    operation: 'Decrypt',
    input: decryptInput(blob),
    onReply: ({ Plaintext }) => {
      if (Plaintext !== blob.plaintext) throw new Error(`A blob of ${blob.keyId} opened to another plaintext.`)
    },
  }
}

function createAlias(writer, keyId) {
  if (!keyId) return undefined
  const AliasName = `alias/${writer.next()}`
  writer.aliases.push(AliasName)
  return {
    operation: 'CreateAlias',
    input: { AliasName, TargetKeyId: keyId },
    fact: { name: `alias ${AliasName}`, value: keyId },
  }
}

function updateAlias(AliasName, keyId) {
  if (!AliasName || !keyId) return undefined
  return {
    operation: 'UpdateAlias',
    input: { AliasName, TargetKeyId: keyId },
    fact: { name: `alias ${AliasName}`, value: keyId },
  }
}

function deleteAlias(writer, AliasName) {
  if (!AliasName) return undefined
  writer.aliases.splice(writer.aliases.indexOf(AliasName), 1)
  return { operation: 'DeleteAlias', input: { AliasName }, fact: { name: `alias ${AliasName}`, value: null } }
}

function tag(writer, keyId) {
  if (!keyId) return undefined
  const TagValue = writer.next()
  return {
    operation: 'TagResource',
    input: { KeyId: keyId, Tags: [{ TagKey: writer.name, TagValue }] },
    fact: { name: `tag ${keyId} ${writer.name}`, value: TagValue },
  }
}

function untag(writer, keyId) {
  if (!keyId) return undefined
  return {
    operation: 'UntagResource',
    input: { KeyId: keyId, TagKeys: [writer.name] },
    fact: { name: `tag ${keyId} ${writer.name}`, value: null },
  }
}

function describe(writer, keyId) {
  if (!keyId) return undefined
  const Description = writer.next()
  return {
    operation: 'UpdateKeyDescription',
    input: { KeyId: keyId, Description },
    fact: { name: `description ${keyId}`, value: Description },
  }
}

function changeState(keyId, operation, state) {
  if (!keyId) return undefined
  return { operation, input: { KeyId: keyId }, fact: { name: `state ${keyId}`, value: state } }
}

function rotate(facts, keyId) {
  if (!keyId) return undefined
  const name = `rotations ${keyId}`
  if (!facts.isCertain(name)) return undefined // a count on top of what nobody knows
  return { operation: 'RotateKeyOnDemand', input: { KeyId: keyId }, fact: { name, value: facts.get(name) + 1 } }
}
