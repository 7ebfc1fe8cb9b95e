import { EnvelopeError, type KeyringReason } from '../errors'
import type { EncryptedDataKey } from '../header'

/** The first data key that opens; errors are kept until there is none. `open` throws for a key that is not its own. */
export async function firstToOpen(
  keys: readonly EncryptedDataKey[],
  open: (key: EncryptedDataKey, info: string) => Promise<Bytes>,
): Promise<Bytes> {
  const reasons: KeyringReason[] = []
  for (const key of keys) {
    const info = new TextDecoder().decode(key.providerInfo)
    try {
      return await open(key, info)
    } catch (error) {
      reasons.push({ key: `${key.providerId} ${info}`, error })
    }
  }
  throw new EnvelopeError('noDataKeyOpened', '', reasons)
}
