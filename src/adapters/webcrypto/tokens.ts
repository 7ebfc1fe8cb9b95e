import { concatBytes } from '../../codec/bytes'
import { decodeToken, encodeToken, type Token, tokenLayout } from '../../codec/token'
import { encodeRootHeader } from '../../codec/wrapped-material'
import type { CryptoPort, TokenPurpose } from '../../ports/crypto'
import { decryptGcm, deriveGcmKey, encryptGcm } from './aes-gcm'
import { type KeyScope, rootInfo } from './labels'
import type { RootKeys } from './roots'

/**
 * Tokens, each under a key of its own: HKDF of the root key, salted by the token, with purpose, account and Region as
 * info. So no number of markers wears a key out. `sealToken` throws RangeError when the token would pass 6,144 bytes.
 */
export function createTokens(roots: RootKeys, scope: KeyScope): Pick<CryptoPort, 'sealToken' | 'openToken'> {
  const infos: Readonly<Record<TokenPurpose, Bytes>> = {
    marker: rootInfo('marker', scope),
    session: rootInfo('session', scope),
    'grant-token': rootInfo('grant-token', scope),
    'import-token': rootInfo('import-token', scope),
  }
  const additionalData = (token: Token, binding: Bytes) =>
    concatBytes(encodeRootHeader(tokenLayout.version, token.rootId), token.salt, token.iv, binding)

  return {
    async sealToken(purpose, binding, value) {
      const rootId = roots.primaryId
      const length =
        2 + rootId.length + tokenLayout.saltBytes + tokenLayout.ivBytes + value.length + tokenLayout.tagBytes
      if (length > tokenLayout.maxBytes) throw new RangeError('the value is too long for a token')
      const fresh = crypto.getRandomValues(new Uint8Array(tokenLayout.saltBytes + tokenLayout.ivBytes))
      const [salt, iv] = [fresh.subarray(0, tokenLayout.saltBytes), fresh.subarray(tokenLayout.saltBytes)]
      const token: Token = { rootId, salt, iv, sealed: new Uint8Array(0) }
      const key = await deriveGcmKey(roots.keys.get(rootId) as CryptoKey, salt, infos[purpose], ['encrypt'])
      const sealed = await encryptGcm(key, { iv, additionalData: additionalData(token, binding) }, value)
      return encodeToken({ ...token, sealed })
    },

    async openToken(purpose, binding, bytes) {
      const token = decodeToken(bytes)
      const root = token && roots.keys.get(token.rootId)
      if (!token || !root) return undefined
      const key = await deriveGcmKey(root, token.salt, infos[purpose], ['decrypt'])
      return decryptGcm(key, { iv: token.iv, additionalData: additionalData(token, binding) }, token.sealed)
    },
  }
}
