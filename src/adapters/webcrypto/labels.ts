import { concatBytes, encodeUtf8 } from '../../codec/bytes'
import { encodeFields } from '../../codec/fields'
import { encodeRootHeader, wrappedLayout } from '../../codec/wrapped-material'
import type { MaterialBinding, SecretBinding, TokenPurpose } from '../../ports/crypto'

/** Every HKDF info and every AAD of docs/formats.md but the blob's, in one place. Changing one loses what it sealed. */

/** The account and Region that keys are derived for. */
export interface KeyScope {
  /** 12 digits. */
  readonly accountId: string
  readonly region: string
}

/** What seals bytes at rest: `kek` what opens as a CryptoKey, `software-kek` what opens as bytes. */
export type KekPurpose = 'kek' | 'software-kek'

/** The keys of docs/formats.md, key hierarchy. */
export type RootPurpose = KekPurpose | 'check' | TokenPurpose

/** Info of a key derived from a root key. */
export const rootInfo = (purpose: RootPurpose, { accountId, region }: KeyScope): Bytes =>
  encodeFields('subtle-kms/root/v1', purpose, accountId, region)

/** Info of a message's own key, derived from key material. */
export const messageInfo = encodeUtf8('subtle-kms/message/v1')

/** Info of the KeyMaterialId, derived from key material, or from the public key of a pair. */
export const materialIdInfo = (keyId: string): Bytes => encodeFields('subtle-kms/material-id/v1', keyId)

/** AAD of wrapped key material. `materialId` is 64 hexadecimal digits; a pair is bound to its public key too. */
export function materialAad(
  rootId: string,
  materialId: string,
  binding: MaterialBinding,
  publicKey: Bytes | undefined,
): Bytes {
  const place = [binding.keyArn, materialId, binding.keySpec, binding.keyUsage]
  return concatBytes(
    encodeRootHeader(wrappedLayout.version, rootId),
    encodeFields('subtle-kms/material/v1', ...place, ...(publicKey ? [publicKey] : [])),
  )
}

/** AAD of a wrapped secret access key. */
export const secretAad = (rootId: string, { accessKeyId, userId }: SecretBinding): Bytes =>
  concatBytes(
    encodeRootHeader(wrappedLayout.version, rootId),
    encodeFields('subtle-kms/secret/v1', accessKeyId, userId),
  )
