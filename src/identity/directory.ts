import { eachInTurn } from '../codec/each-in-turn'
import { iamNameId } from '../keys/collections'
import type { AccessKeyRecord, OidcProviderRecord, RoleRecord, UserRecord } from '../keys/records'
import { KmsError } from '../model/errors'
import { compilePolicy } from '../policy/compile'
import type { Principal, SignedPrincipal, UserPrincipal } from '../policy/principal'
import type { CryptoPort, SecretPort } from '../ports/crypto'
import type { CallerEntry } from '../ports/identity'
import type { MaintenancePort, StoragePort } from '../ports/storage'
import { decodeAccessKeyId } from './access-key-id'
import { describeArn, findEntryOf } from './entries'
import { managedPolicyText } from './managed-policies'
import { arnOfId, findNamed, newUniqueId, parseIdentityArn, uniqueIdOf } from './names'
import { type Reader, storageReader, Transaction } from './transaction'

/** What a Directory is made of. One per account. */
export interface DirectoryParts {
  readonly accountId: string
  readonly storage: StoragePort & MaintenancePort
  readonly crypto: Pick<CryptoPort, 'random'> & SecretPort
  wallMs(): number
  /** Resolves when nobody can be deciding by an older copy any more. Called after every write, before it answers. */
  dropCopies(version: number): Promise<void>
  /** Whether an access key belongs to the account's root user now. Without it nobody is the root user. */
  isRootKey?(accessKeyId: string): boolean
}

/** What a front needs to check a signature: whose key it is, and its secret as it rests. */
export interface FoundAccessKey {
  readonly principal: UserPrincipal
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
/** How exact the time of an access key's last use is. */
const useEveryMs = 60_000

/**
 * The identities of one account. Every write raises the Directory's version and answers only after older copies of the
 * entries are gone, so that a decision anywhere after it sees it.
 */
export class DirectoryService {
  readonly reader: Reader

  constructor(private readonly parts: DirectoryParts) {
    this.reader = storageReader(parts.storage)
  }

  get accountId(): string {
    return this.parts.accountId
  }

  /** Undefined for an access key that is unknown or inactive. */
  async findAccessKey(accessKeyId: string): Promise<FoundAccessKey | undefined> {
    const accessKey = await this.reader.find('accessKey', accessKeyId)
    if (!accessKey?.active) return undefined
    const user = await this.reader.find('user', accessKey.userId)
    if (!user) return undefined
    const { userId, userName, path } = user
    const principal = { kind: 'user', accountId: this.accountId, accessKeyId, userId, userName, path } as const
    return { principal, secret: accessKey.secret }
  }

  /** See IdentityPort. */
  async findEntry(principal: Principal): Promise<CallerEntry | undefined> {
    // Read first, so that a write meanwhile makes the entry look older than it is, never newer.
    const version = await this.version()
    const entry = await findEntryOf(this.entryParts, principal)
    return entry && { version, ...entry }
  }

  /**
   * The user, role or root user of an ARN as a caller, of a role some session of it, with its entry; whether it has an
   * access key does not count. Undefined when there is none. For explanations alone.
   */
  async describePrincipal(
    arn: string,
  ): Promise<{ readonly principal: SignedPrincipal; readonly entry: CallerEntry } | undefined> {
    const version = await this.version()
    const described = await describeArn(this.entryParts, arn, this.parts.wallMs())
    return described && { principal: described.principal, entry: { version, ...described.entry } }
  }

  private get entryParts() {
    const isRootKey = (accessKeyId: string) => this.parts.isRootKey?.(accessKeyId) ?? false
    return { reader: this.reader, accountId: this.accountId, isRootKey }
  }

  /**
   * Unique ids by ARN, of users and roles of this account and of role sessions; null where there is none. ARNs of the
   * root user, of federated users and of other accounts are left out.
   */
  async resolvePrincipals(arns: readonly string[]): Promise<Readonly<Record<string, string | null>>> {
    const found = new Map<string, string | null>()
    for (const arn of arns) {
      const parts = parseIdentityArn(arn)
      if (parts?.accountId !== this.accountId || parts.type === 'federated-user') continue
      found.set(arn, (await uniqueIdOf(this.reader, this.accountId, arn)) ?? null)
    }
    return Object.fromEntries(found)
  }

  /** ARNs by unique id, of users and roles that are there. */
  async principalArns(uniqueIds: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const found = new Map<string, string>()
    for (const uniqueId of uniqueIds) {
      const arn = await arnOfId(this.reader, this.accountId, uniqueId)
      if (arn !== undefined) found.set(uniqueId, arn)
    }
    return Object.fromEntries(found)
  }

  findRole(roleName: string): Promise<RoleRecord | undefined> {
    return findNamed(this.reader, 'role', roleName)
  }

  /** `url`: the issuer without `https://`. */
  findProvider(url: string): Promise<OidcProviderRecord | undefined> {
    return this.reader.find('oidcProvider', url)
  }

  /** The document of the default version of a managed policy; undefined when there is none. */
  managedPolicyText(arn: string): Promise<string | undefined> {
    return managedPolicyText(this.reader, this.accountId, arn)
  }

  async version(): Promise<number> {
    return Number((await this.reader.find('setting', versionSetting))?.value ?? 0)
  }

  /** A user with one access key. Refuses malformed policies, names in use and an access key id of another account. */
  async createUser(input: NewUser): Promise<UserRecord> {
    const { crypto, accountId } = this.parts
    const { accessKeyId, secretAccessKey } = input.accessKey
    requirePolicies(input.policies)
    if (decodeAccessKeyId(accessKeyId) !== accountId) {
      throw new KmsError('ValidationException', 'The access key id does not belong to this account.')
    }
    const createdAtMs = this.parts.wallMs()
    const user: UserRecord = {
      userId: newUniqueId('AIDA', (byteLength) => crypto.random(byteLength)),
      userName: input.userName,
      path: input.path ?? '/',
      createdAtMs,
      policies: input.policies,
      attached: [],
      groups: [],
      tags: [],
    }
    const { userId } = user
    const secret = await crypto.wrapSecret(secretAccessKey, { accessKeyId, userId })
    return this.transact(async (tx) => {
      const nameId = iamNameId('user', input.userName)
      if (await tx.find('iamName', nameId)) throw new KmsError('AlreadyExistsException', 'The user exists.')
      if (await tx.find('accessKey', accessKeyId))
        throw new KmsError('AlreadyExistsException', 'The access key exists.')
      await tx.find('user', userId)
      tx.put('user', userId, user)
      tx.put('iamName', nameId, { kind: 'user', uniqueId: userId })
      tx.put('accessKey', accessKeyId, { accessKeyId, userId, active: true, createdAtMs, secret })
      return user
    })
  }

  /** Replaces all inline policies of a user. */
  async putUserPolicies(userId: string, policies: Readonly<Record<string, string>>): Promise<void> {
    requirePolicies(policies)
    await this.transact(async (tx) => {
      const user = await tx.find('user', userId)
      if (!user) throw new KmsError('NotFoundException', 'The user does not exist.')
      tx.put('user', userId, { ...user, policies })
    })
  }

  async setAccessKeyActive(accessKeyId: string, active: boolean): Promise<void> {
    await this.transact(async (tx) => {
      const key = await tx.find('accessKey', accessKeyId)
      if (!key) throw new KmsError('NotFoundException', 'The access key does not exist.')
      tx.put('accessKey', accessKeyId, { ...key, active })
    })
  }

  /** Pins the JWK Set (RFC 7517, as text) that tokens of a provider are checked with; undefined: it is fetched again. */
  async pinJwks(url: string, jwks: string | undefined): Promise<boolean> {
    return this.transact(async (tx) => {
      const provider = await tx.find('oidcProvider', url)
      if (!provider) return false
      const { jwks: _, ...rest } = provider
      tx.put('oidcProvider', url, jwks === undefined ? rest : { ...rest, jwks })
      return true
    })
  }

  /** When and for what an access key was last used, at most once a minute; no copy of an entry is outdated by it. */
  async noteUse(accessKeyId: string, service: string, region: string): Promise<void> {
    const { storage } = this.parts
    const row = await storage.read('accessKey', accessKeyId)
    const atMs = this.parts.wallMs()
    if (!row || atMs - (row.value.lastUsed?.atMs ?? Number.NEGATIVE_INFINITY) < useEveryMs) return
    const value = { ...row.value, lastUsed: { atMs, service, region } }
    // Refused when the key has just been changed otherwise: the next use is noted then.
    await storage.commit({
      reads: [],
      changes: [{ collection: 'accessKey', id: accessKeyId, version: row.version, value }],
      appends: [],
    })
  }

  /**
   * Runs `work` on rows that no other write has changed meanwhile, again if one has; commits what it puts with the next
   * version, and answers when nobody decides by an older copy. Work that puts nothing writes nothing.
   */
  async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { storage } = this.parts
    for (;;) {
      // Read before everything else and raised by every write: writes come one after the other.
      const row = await storage.read('setting', versionSetting)
      const tx = new Transaction(storage)
      const result = await work(tx)
      if (!tx.changes.length) return result
      const version = Number(row?.value.value ?? 0) + 1
      const raised = {
        collection: 'setting',
        id: versionSetting,
        version: row?.version ?? 0,
        value: { name: versionSetting, value: String(version) },
      } as const
      if (await storage.commit({ reads: [], changes: [...tx.changes, raised], appends: [] })) {
        await this.parts.dropCopies(version)
        return result
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
  for (const [name, text] of Object.entries(policies)) compilePolicy(text, { kind: 'identity', name })
}
