import { eachInTurn } from '../codec/each-in-turn'
import type { AccessKeyRecord, UserRecord } from '../keys/records'
import { KmsError } from '../model/errors'
import { parseIdentityPolicy } from '../policy/identity-policy'
import type { Principal } from '../policy/principal'
import type { CryptoPort, SecretPort } from '../ports/crypto'
import type { CallerEntry } from '../ports/identity'
import type { MaintenancePort, StoragePort } from '../ports/storage'
import { decodeAccessKeyId } from './access-key-id'

/** What a Directory is made of. One per account. */
export interface DirectoryParts {
  readonly accountId: string
  readonly storage: StoragePort & MaintenancePort
  readonly crypto: Pick<CryptoPort, 'random'> & SecretPort
  wallMs(): number
  /** Resolves when nobody can be deciding by an older copy any more. Called after every write, before it answers. */
  dropCopies(version: number): Promise<void>
}

/** What a front needs to check a signature: whose key it is, and its secret as it rests. */
export interface FoundAccessKey {
  readonly principal: Extract<Principal, { kind: 'user' }>
  readonly secret: AccessKeyRecord['secret']
}

export interface NewUser {
  readonly userName: string
  /** Begins and ends with a slash; `/` unless given. */
  readonly path?: string
  readonly policies: Readonly<Record<string, string>>
  readonly accessKey: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

const versionSetting = 'directory-version'
const userIdAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The IAM users of one account. Every write raises the Directory's version and answers only after older copies of the
 * entries are gone, so that a decision anywhere after it sees it.
 */
export class DirectoryService {
  constructor(private readonly parts: DirectoryParts) {}

  /** Undefined for an access key that is unknown or inactive. */
  async findAccessKey(accessKeyId: string): Promise<FoundAccessKey | undefined> {
    const { storage, accountId } = this.parts
    const accessKey = (await storage.read('accessKey', accessKeyId))?.value
    if (!accessKey?.active) return undefined
    const user = (await storage.read('user', accessKey.userId))?.value
    if (!user) return undefined
    const { userId, userName, path } = user
    return { principal: { kind: 'user', accountId, accessKeyId, userId, userName, path }, secret: accessKey.secret }
  }

  /** Undefined when the user or the access key is gone or inactive. */
  async findEntry(principal: Principal): Promise<CallerEntry | undefined> {
    if (principal.kind !== 'user') return undefined
    // Read first, so that a write meanwhile makes the entry look older than it is, never newer.
    const version = await this.version()
    const found = await this.findAccessKey(principal.accessKeyId)
    if (found?.principal.userId !== principal.userId) return undefined
    const user = (await this.parts.storage.read('user', principal.userId))?.value
    return user && { version, policies: user.policies }
  }

  async version(): Promise<number> {
    return Number((await this.parts.storage.read('setting', versionSetting))?.value.value ?? 0)
  }

  /** A user with one access key. Refuses policies that cannot be enforced, and an access key id of another account. */
  async createUser(input: NewUser): Promise<UserRecord> {
    const { storage, crypto, accountId } = this.parts
    const { accessKeyId, secretAccessKey } = input.accessKey
    requirePolicies(input.policies)
    if (decodeAccessKeyId(accessKeyId) !== accountId) {
      throw new KmsError('ValidationException', 'The access key id does not belong to this account.')
    }
    const now = this.parts.wallMs()
    const suffix = Array.from(crypto.random(17), (byte) => userIdAlphabet[byte & 31]).join('')
    const user: UserRecord = {
      userId: `AIDA${suffix}`,
      userName: input.userName,
      path: input.path ?? '/',
      createdAtMs: now,
      policies: input.policies,
    }
    const secret = await crypto.wrapSecret(secretAccessKey, { accessKeyId, userId: user.userId })
    await this.write(async () => {
      if (await storage.read('accessKey', accessKeyId))
        throw new KmsError('AlreadyExistsException', 'The access key exists.')
      return [
        { collection: 'user', id: user.userId, version: 0, value: user },
        {
          collection: 'accessKey',
          id: accessKeyId,
          version: 0,
          value: { accessKeyId, userId: user.userId, active: true, createdAtMs: now, secret },
        },
      ]
    })
    return user
  }

  /** Replaces all identity policies of a user. */
  async putUserPolicies(userId: string, policies: Readonly<Record<string, string>>): Promise<void> {
    requirePolicies(policies)
    await this.write(async () => {
      const user = await this.parts.storage.read('user', userId)
      if (!user) throw new KmsError('NotFoundException', 'The user does not exist.')
      return [{ collection: 'user', id: userId, version: user.version, value: { ...user.value, policies } }]
    })
  }

  async setAccessKeyActive(accessKeyId: string, active: boolean): Promise<void> {
    await this.write(async () => {
      const key = await this.parts.storage.read('accessKey', accessKeyId)
      if (!key) throw new KmsError('NotFoundException', 'The access key does not exist.')
      return [{ collection: 'accessKey', id: accessKeyId, version: key.version, value: { ...key.value, active } }]
    })
  }

  /** Reads, commits with the next version, and waits until nobody decides by an older copy. */
  private async write(changesNow: () => Promise<Parameters<StoragePort['commit']>[0]['changes']>): Promise<void> {
    const { storage } = this.parts
    for (;;) {
      const changes = await changesNow()
      const row = await storage.read('setting', versionSetting)
      const version = Number(row?.value.value ?? 0) + 1
      const raised = {
        collection: 'setting',
        id: versionSetting,
        version: row?.version ?? 0,
        value: { name: versionSetting, value: String(version) },
      } as const
      if (await storage.commit({ reads: [], changes: [...changes, raised], appends: [] })) {
        return this.parts.dropCopies(version)
      }
    }
  }

  /**
   * One turn of root key rotation over the secrets. True when more is waiting. A secret that does not open keeps the
   * others from nothing; its fault is thrown at the end.
   */
  async rewrapSecrets(primaryRootId: string, limit = 50): Promise<boolean> {
    const { storage, crypto } = this.parts
    const rows = await storage.listSealedByOthers('accessKey', primaryRootId, limit)
    const conflicts = await eachInTurn(rows, async ({ id, version, value }) => {
      const secret = await crypto.rewrapSecret(value.secret, { accessKeyId: value.accessKeyId, userId: value.userId })
      if (!secret) return true
      const change = { collection: 'accessKey', id, version, value: { ...value, secret } } as const
      return storage.commit({ reads: [], changes: [change], appends: [] })
    })
    return rows.length === limit || conflicts > 0
  }
}

function requirePolicies(policies: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(policies)) parseIdentityPolicy(name, text)
}
