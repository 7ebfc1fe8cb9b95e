export { createImport } from './import'
export {
  type AgreedSoftware,
  createNativeCrypto,
  createNativeKeyring,
  type NativeCryptoOptions,
  type NativeKeyring,
  type SoftwareRequest,
} from './native-crypto'
export { createRootCrypto, type RootCrypto, type RootCryptoOptions } from './root-crypto'
export { importRootKeys, parseRootKeys, type RootKeys, RootKeysError } from './roots'
export type { RsaPrivateOperation } from './signing'
