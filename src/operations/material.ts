import { decodeBase64, encodeBase64 } from '../codec/bytes'
import type { MaterialRecord } from '../keys/records'
import type { BornMaterial, KeyHandle, RestingMaterial } from '../ports/crypto'

/** The handle of one kind. */
export type HandleOf<K extends KeyHandle['kind']> = Extract<KeyHandle, { readonly kind: K }>

/** Guards have checked spec and usage: another kind is a mistake of this program. */
export function requireKind<K extends KeyHandle['kind']>(handle: KeyHandle, kind: K): HandleOf<K> {
  if (handle.kind !== kind) throw new Error(`a ${kind} handle is needed, this one is ${handle.kind}`)
  return handle as HandleOf<K>
}

/** What the boundary opens of a row. */
export function restingMaterial({ materialId, stored, publicKey }: MaterialRecord): RestingMaterial {
  if (publicKey === undefined) return { materialId, stored }
  const bytes = decodeBase64(publicKey)
  if (!bytes) throw new Error('a stored public key is not base64')
  return { materialId, stored, publicKey: bytes }
}

/** What the boundary has made, as a row keeps it. */
export const materialFields = ({
  materialId,
  stored,
  publicKey,
}: BornMaterial): Pick<MaterialRecord, 'materialId' | 'stored' | 'publicKey'> => ({
  materialId,
  stored,
  ...(publicKey ? { publicKey: encodeBase64(publicKey) } : {}),
})
