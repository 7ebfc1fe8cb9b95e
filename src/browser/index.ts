import { type IndexedDbStorage, openIndexedDbStorage } from '../adapters/indexeddb/storage'
import {
  type AgreedSoftware,
  createImport,
  createNativeCrypto,
  createNativeKeyring,
  type NativeKeyring,
} from '../adapters/webcrypto'
import { isAccountId, partitionOf } from '../codec/arn'
import { encodeAccessKeyId } from '../identity/access-key-id'
import { rootAlone } from '../identity/root-alone'
import { type ComposedKms, createKms, type KmsClient, type Principal } from '../index'
import { settleDue } from '../service/maintenance'

export type { AgreedSoftware, SoftwareRequest } from '../adapters/webcrypto'

export interface BrowserKmsOptions {
  /** Name of the IndexedDB database; each name is a service of its own. */
  readonly name: string
  /** `us-east-1` unless given; a database stays with the Region of its first opening. */
  readonly region?: string
  /**
   * For what WebCrypto lacks: key specs, and signatures over digests. Every key that would be software is asked about,
   * for script of the page can read such a key; a key that was made native stays native. Unless given, such keys and
   * message types are UnsupportedOperationException, those that the database holds from before too.
   */
  readonly software?: AgreedSoftware | undefined
  /** Takes name and place of an unexpected error. Unless given it goes to the page's error event. */
  readonly report?: (fault: string) => void
}

export interface BrowserKms {
  /** 12 random digits, made at the first opening. */
  readonly accountId: string
  /** The root user of that account. */
  readonly principal: Principal
  /** Calls as that root user. */
  readonly client: KmsClient
  readonly perform: ComposedKms['perform']
  /** Lets go of the database; later calls answer KMSInternalException. */
  close(): void
}

/** What the first opening makes. It rests in one row, so that two pages cannot both make it. */
interface Home {
  readonly accountId: string
  readonly region: string
  readonly accessKeyId: string
  readonly keyring: NativeKeyring
}

const homeSetting = 'browser-home'

/**
 * A service of this origin alone: rows in IndexedDB, key material as non-extractable CryptoKeys beside them, kept by
 * structured clone. No script can read the material, but for keys that were agreed to as software; every script of the
 * origin can use it. Deleting the origin's data deletes the keys. Keys whose deletion window has ended lose their
 * material when the database is next opened.
 *
 * Throws an Error when the database belongs to another Region, or holds something else.
 */
export async function openBrowserKms({
  name,
  region = 'us-east-1',
  software,
  report,
}: BrowserKmsOptions): Promise<BrowserKms> {
  const storage = await openIndexedDbStorage(name)
  try {
    const { accountId, accessKeyId, keyring, region: homeRegion } = await findHome(storage, region)
    if (homeRegion !== region) throw new Error(`The database ${name} belongs to the Region ${homeRegion}.`)
    const crypto = createNativeCrypto({ keyring, accountId, region, software })
    const fault = report ?? ((text: string) => reportError(new Error(text)))
    const principal: Principal = { kind: 'root', accountId, accessKeyId }
    const clock = { wallMs: () => Date.now(), serviceMs: () => Date.now() }
    const identity = rootAlone((caller) => caller.accountId === accountId && caller.accessKeyId === accessKeyId)
    const home = { partition: partitionOf(region), accountId, region }
    while (await settleDue({ home, storage, crypto, clock, identity, report: fault }));
    const kms = createKms({
      accountId,
      region,
      storage,
      crypto,
      import: createImport({ software: software?.provider }),
      clock,
      identity,
      report: fault,
    })
    return {
      accountId,
      principal,
      client: kms.client(principal),
      perform: kms.perform,
      close: () => storage.close(),
    }
  } catch (error) {
    storage.close()
    throw error
  }
}

async function findHome(storage: IndexedDbStorage, region: string): Promise<Home> {
  const known = await readHome(storage)
  if (known) return known
  const accountId = randomDigits(12)
  const accessKeyId = encodeAccessKeyId(accountId, crypto.getRandomValues(new Uint8Array(5)))
  const { tokens } = await createNativeKeyring()
  const value = JSON.stringify({ accountId, region, accessKeyId })
  const row = { name: homeSetting, value, keys: { tokens } }
  const change = { collection: 'setting', id: homeSetting, version: 0, value: row } as const
  // False: another page was faster, and its home counts.
  await storage.commit({ reads: [], changes: [change], appends: [] })
  const made = await readHome(storage)
  if (!made) throw new Error('The account of this database was written and is not there.')
  return made
}

async function readHome(storage: IndexedDbStorage): Promise<Home | undefined> {
  const row = (await storage.read('setting', homeSetting))?.value
  if (!row) return undefined
  const { accountId, region, accessKeyId } = JSON.parse(row.value) as Record<string, unknown>
  const tokens = row.keys?.tokens
  const sound = typeof accountId === 'string' && typeof region === 'string' && typeof accessKeyId === 'string'
  if (!sound || !isAccountId(accountId) || !tokens || tokens.extractable) {
    throw new Error('The account of this database cannot be read.')
  }
  return { accountId, region, accessKeyId, keyring: { tokens } }
}

/** Each digit equally likely: of the 256 values of a byte the last six are drawn again. */
function randomDigits(count: number): string {
  let digits = ''
  while (digits.length < count) {
    for (const byte of crypto.getRandomValues(new Uint8Array(count))) {
      if (byte < 250 && digits.length < count) digits += byte % 10
    }
  }
  return digits
}
