import { materialRowId } from '../keys/collections'
import { requireState } from '../keys/guards'
import { algorithmLists } from '../keys/metadata'
import type { KeyRecord } from '../keys/records'
import { unsupported } from '../model/errors'
import type { CustomerMasterKeySpec } from '../model/generated/types'
import { keySpecs } from '../model/key-specs'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { restingMaterial } from './material'
import { bindingOf } from './working-set'

/**
 * GetPublicKey: the public half as SubjectPublicKeyInfo, DER, of a key that is Enabled or Disabled.
 *
 * Out: KeyUsage and the one list of algorithms that goes with it, for whoever uses the public key outside.
 * Throws UnsupportedOperationException without message for symmetric and HMAC keys, after their state.
 * Source: AWS API reference, GetPublicKey; behaviours 5.3 and 7.
 */
export const getPublicKey: Handler<'GetPublicKey'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'keyOrAlias')
  await call.authorize(key, 'GetPublicKey')
  requireState(key, 'GetPublicKey')
  if (keySpecs[key.keySpec].family !== 'asymmetric') throw unsupported()

  return {
    KeyId: key.arn,
    PublicKey: await openPublicKey(call, key),
    // The deprecated member repeats every KeySpec, those included that its enum never learnt.
    CustomerMasterKeySpec: key.keySpec as CustomerMasterKeySpec,
    KeySpec: key.keySpec,
    KeyUsage: key.keyUsage,
    ...algorithmLists(key),
  }
}

/** The public half goes out only when the private one opens: both are authenticated together. */
async function openPublicKey(call: Call, key: KeyRecord): Promise<Bytes> {
  const id = key.currentMaterialId
  const row = id === undefined ? undefined : await call.find('material', materialRowId(key.keyId, id))
  const resting = row && restingMaterial(row)
  if (!resting?.publicKey) throw new Error('an asymmetric key has no public key')
  await call.kms.crypto.openMaterial(resting, bindingOf(key))
  return resting.publicKey
}
