import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serveProcess } from '../../scripts/serve-process.mjs'
import { Caller, NoReplyError } from './caller.mjs'
import { Facts } from './facts.mjs'
import { seededRandom } from './random.mjs'
import { checkBlobs, checkFacts, checkKeys, inTurns } from './service-check.mjs'
import { checkAudit, countByRoot, findRowProblems, withStore } from './store.mjs'
import { makeWriters, write } from './writers.mjs'

const writerCount = 16
/** The server is killed so long after the load starts, at most. */
export const maxKillMs = 400
const credentials = { accessKeyId: 'AKIACRASHCRASHCRASH2', secretAccessKey: randomBytes(30).toString('base64') }
const region = 'us-east-1'
const newRoot = (id) => `${id}:${randomBytes(32).toString('base64')}`

/**
 * One store that lives through crashes, and all that its clients were told. Each method adds what it finds wrong to
 * `problems`; a store that keeps its word leaves it empty.
 */
export class Campaign {
  problems = []
  counts = {
    rounds: 0,
    /** Of the load alone, refusals included. */
    answeredUnderLoad: 0,
    acknowledged: 0,
    refused: 0,
    unanswered: 0,
    unacknowledgedChanges: 0,
    unacknowledgedKeys: 0,
    recordsWithoutAnswer: 0,
  }
  facts = new Facts()
  writers = makeWriters(writerCount)
  acknowledged = new Map()
  audit = { from: undefined, seen: new Set() }
  knownKeys = new Set()
  roots = [newRoot('one')]
  #callers = []

  static async open(seed) {
    return new Campaign(seed, await mkdtemp(join(tmpdir(), 'kms-crash-')))
  }

  constructor(seed, folder) {
    this.seed = seed
    this.folder = folder
    this.random = seededRandom(seed)
  }

  async close() {
    await rm(this.folder, { recursive: true, maxRetries: 5 })
  }

  /** `leased`: the data plane runs at the edge, its audit durable before the answer as in the strong mode. */
  async start({ leased = false } = {}) {
    const vars = {
      KMS_ROOT_KEYS: this.roots.join(','),
      KMS_ACCOUNTS: JSON.stringify({ 111122223333: credentials }),
      ...(leased ? { KMS_LEASE_SECONDS: '5', KMS_AUDIT: 'strict' } : {}),
    }
    return serveProcess({ persistTo: this.folder, vars })
  }

  caller(server) {
    const caller = new Caller(server.url, { credentials, region, acknowledged: this.acknowledged })
    this.#callers.push(caller)
    return caller
  }

  /** The key on which all writers meet, and enough others that a rewrap takes several turns. */
  async prepare(keys = 0) {
    const server = await this.start()
    try {
      const caller = this.caller(server)
      const shared = await caller.succeed('CreateKey', { Description: 'shared' })
      this.sharedKey = shared.KeyMetadata.KeyId
      this.knownKeys.add(this.sharedKey)
      const make = async (index) => {
        for (let made = index; made < keys; made += writerCount) {
          const { KeyMetadata } = await caller.succeed('CreateKey', { Description: 'many' })
          this.knownKeys.add(KeyMetadata.KeyId)
        }
      }
      await Promise.all(this.writers.map((_, index) => make(index)))
    } finally {
      await server.stop()
      this.#closeCallers()
    }
    await this.checkStore()
  }

  /** Load, kill, check of the files, restart, check through the service. */
  async round({
    killAfterMs = this.random() * maxKillMs,
    leased = false,
    warm = this.random() < 0.5,
    check = true,
  } = {}) {
    const server = await this.start({ leased })
    try {
      if (warm) await this.caller(server).succeed('ListKeys', {})
      await this.#loadAndKill(server, killAfterMs)
    } finally {
      await server.kill()
      this.#closeCallers()
    }
    const sealed = await this.checkStore()
    if (check) await this.checkService()
    this.counts.rounds += 1
    return { killAfterMs, leased, warm, sealed }
  }

  async #loadAndKill(server, killAfterMs) {
    const caller = this.caller(server)
    const answeredBefore = this.acknowledged.size
    let over = false
    const writing = this.writers.map(async (writer) => {
      const { random, facts, sharedKey } = this
      try {
        await write(caller, { writer, random, facts, sharedKey }, () => over)
      } catch (error) {
        // Before the kill every answer has to come; after it, its lack is the point of this.
        if (over && error instanceof NoReplyError) this.counts.unanswered += 1
        else this.problems.push(`under load: ${error.message}`)
      }
    })
    await sleep(killAfterMs)
    over = true
    await server.kill()
    await Promise.all(writing)
    this.counts.answeredUnderLoad += this.acknowledged.size - answeredBefore
  }

  /** The files as they lie there, the server being down. Answers how many materials each root key seals. */
  checkStore() {
    for (const { error } of this.acknowledged.values()) this.counts[error ? 'refused' : 'acknowledged'] += 1
    return withStore(this.folder, (database) => {
      this.problems.push(...findRowProblems(database))
      const { problems, unanswered, head } = checkAudit(database, this.acknowledged, this.audit)
      this.problems.push(...problems)
      this.counts.recordsWithoutAnswer += unanswered
      this.audit.from = head
      return countByRoot(database)
    })
  }

  /** What clients were told, asked again: facts touched since the last time, new keys, new blobs; or all of them. */
  async checkService({ all = false } = {}) {
    const server = await this.start()
    try {
      const caller = this.caller(server)
      await checkKeys(this, caller, all)
      await checkFacts(this, caller, all ? this.facts.names() : this.facts.takeTouched())
      await checkBlobs(this, caller, all)
    } finally {
      await server.stop()
      this.#closeCallers()
    }
    await this.checkStore()
  }

  /** Enables every key, so that nothing is left out, and checks everything that anybody was ever told. */
  async checkEverything() {
    const server = await this.start()
    try {
      const caller = this.caller(server)
      await inTurns([...this.knownKeys], async (keyId) => {
        const { KeyState } = (await caller.succeed('DescribeKey', { KeyId: keyId })).KeyMetadata
        if (KeyState === 'PendingDeletion') await caller.succeed('CancelKeyDeletion', { KeyId: keyId })
        if (KeyState !== 'Enabled') await caller.succeed('EnableKey', { KeyId: keyId })
        if (this.facts.get(`state ${keyId}`) !== null) this.facts.learn(`state ${keyId}`, 'Enabled')
      })
    } finally {
      await server.stop()
      this.#closeCallers()
    }
    await this.checkService({ all: true })
    const wholeLog = await withStore(this.folder, (database) => checkAudit(database, new Map()))
    this.problems.push(...wholeLog.problems)
  }

  /**
   * A new root key comes first and the server is killed while it seals everything anew, each time a little later; then
   * it may finish, the old root key goes, and everything opens. Answers how many kills met it halfway.
   */
  async rotateRoot({ kills = 20, enough = 2 } = {}) {
    const id = `root-${this.counts.rounds}`
    this.roots = [newRoot(id), ...this.roots]
    let halfway = 0
    for (let kill = 0; kill < kills && halfway < enough; kill++) {
      // No check through the service in between: that would give the rewrap its time.
      const { sealed } = await this.round({ killAfterMs: (kill + this.random()) * 25, warm: false, check: false })
      if (Object.keys(sealed).length > 1 && sealed[id]) halfway += 1
    }
    await this.#finishRewrap(id)
    await this.checkService()
    this.roots = this.roots.slice(0, 1)
    return { halfway }
  }

  async #finishRewrap(id) {
    for (let attempt = 0; attempt < 20; attempt++) {
      const server = await this.start()
      try {
        await this.caller(server).succeed('ListKeys', {})
        await sleep(1000)
      } finally {
        await server.stop()
        this.#closeCallers()
      }
      const sealed = await this.checkStore()
      if (Object.keys(sealed).join() === id) return
    }
    this.problems.push('the rewrap does not come to its end')
  }

  #closeCallers() {
    for (const caller of this.#callers.splice(0)) caller.close()
  }
}
