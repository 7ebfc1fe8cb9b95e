import { formatKeyArn, type KmsHome } from '../codec/arn'
import { blobLayout, decodeBlobHeader, encodeBlobPrefix } from '../codec/ciphertext-blob'
import { encodeEncryptionContext } from '../codec/encryption-context'
import { materialRowId } from '../keys/collections'
import type { MaterialRecord } from '../keys/records'
import type { MaterialBinding, SymmetricHandle } from '../ports/crypto'
import type { Kms } from './kms'
import { materialFields, requireKind, restingMaterial } from './material'
import { formatUuid, WorkingSet } from './working-set'

/**
 * The account that AWS owned keys belong to: the services', whom nobody signs for. Its keys have material and no key
 * row, so no operation can find, list or name one, whatever the caller may do, and no record mentions them.
 * Source: AWS KMS developer guide, AWS owned keys; docs/behaviour.md, AWS owned keys.
 */
export const serviceAccountId = '000000000001'

/** A key of a service of this process. */
export interface OwnedKey {
  /**
   * A ciphertext blob (docs/formats.md) that `open` alone opens, with the same context. Makes the key when there is none.
   * Throws RangeError for more than 6,040 bytes, and for a context that is too long or no well-formed text.
   */
  seal(plaintext: Bytes, context: Readonly<Record<string, string>>): Promise<Bytes>
  /** The plaintext, or undefined whatever is wrong with the blob or its context. */
  open(blob: Bytes, context: Readonly<Record<string, string>>): Promise<Bytes | undefined>
}

const serviceForm = /^[a-z0-9][a-z0-9-]{0,62}$/
const ownerPrefix = 'owned/'

/** Which key a service has: ids of the key and of its material. */
interface Owned {
  readonly keyId: string
  readonly materialId: string
}

/**
 * The AWS owned key of one service in this account and Region, for code of this process. `service`: `s3` and the like;
 * RangeError for a name of another form. Rows are read anew each time, since root keys may change.
 */
export function ownedKey(kms: Kms, service: string): OwnedKey {
  if (!serviceForm.test(service)) throw new RangeError('a service name is 1 to 63 of a-z 0-9 -')
  const owner = ownerPrefix + service
  return {
    async seal(plaintext, context) {
      if (plaintext.length > blobLayout.maxPlaintextBytes) throw new RangeError('the plaintext is too long')
      const aad = encodeEncryptionContext(context)
      if (!aad) throw new RangeError('the context is too long, or no well-formed text')
      const owned = (await findOwned(kms, owner)) ?? (await createOwned(kms, owner))
      const handle = await openMaterial(kms, owner, owned)
      if (!handle) throw new Error('an owned key has no material')
      return handle.seal(encodeBlobPrefix({ accountId: serviceAccountId, ...owned }), aad, plaintext)
    },

    async open(blob, context) {
      const header = decodeBlobHeader(blob)
      const aad = encodeEncryptionContext(context)
      const owned = await findOwned(kms, owner)
      if (!header || !aad || header.accountId !== serviceAccountId || header.keyId !== owned?.keyId) return undefined
      return (await openMaterial(kms, owner, header))?.open(blob, aad)
    },
  }
}

/** What the material of an owned key is bound to; undefined for every other `keyId` of a material row. */
export async function ownedBinding(kms: Kms, owner: string): Promise<MaterialBinding | undefined> {
  const owned = owner.startsWith(ownerPrefix) ? await findOwned(kms, owner) : undefined
  return owned && bindingOf(kms.home, owned.keyId)
}

const bindingOf = (home: KmsHome, keyId: string): MaterialBinding => ({
  keyArn: formatKeyArn({ ...home, accountId: serviceAccountId }, keyId),
  keyId,
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
})

async function findOwned(kms: Kms, owner: string): Promise<Owned | undefined> {
  const row = await kms.storage.read('setting', owner)
  if (!row) return undefined
  const [keyId = '', materialId = ''] = row.value.value.split('/')
  return { keyId, materialId }
}

/** Of several that make it at once one wins, and all use its key. */
async function createOwned(kms: Kms, owner: string): Promise<Owned> {
  const work = new WorkingSet(kms)
  const keyId = formatUuid(kms.crypto.random(16))
  const born = await kms.crypto.createMaterial(bindingOf(kms.home, keyId))
  const { materialId } = born
  const material: MaterialRecord = { ...materialFields(born), keyId: owner, sequence: 0, createdAtMs: work.nowMs }
  work.put('material', materialRowId(owner, materialId), material)
  work.put('setting', owner, { name: owner, value: `${keyId}/${materialId}` })
  if (await kms.storage.commit(work.outcome(true))) return { keyId, materialId }
  const winner = await findOwned(kms, owner)
  if (!winner) throw new Error('an owned key was neither made nor found')
  return winner
}

async function openMaterial(kms: Kms, owner: string, owned: Owned): Promise<SymmetricHandle | undefined> {
  const row = await kms.storage.read('material', materialRowId(owner, owned.materialId))
  if (!row) return undefined
  return requireKind(
    await kms.crypto.openMaterial(restingMaterial(row.value), bindingOf(kms.home, owned.keyId)),
    'symmetric',
  )
}
