import type { MacHandle } from '../../ports/crypto'

/** The handle of HMAC keys whose hash WebCrypto has. */
export const createMacHandle = (key: CryptoKey): MacHandle => ({
  kind: 'mac',
  generate: async (message) => new Uint8Array(await crypto.subtle.sign('HMAC', key, message)),
  // In constant time (Web Cryptography, HMAC verify, step 2); false for another length.
  verify: (message, mac) => crypto.subtle.verify('HMAC', key, mac, message),
})
