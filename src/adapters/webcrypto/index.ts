export { createImport } from './import'
export {
  createNativeCrypto,
  createNativeKeyring,
  type NativeCryptoOptions,
  type NativeKeyring,
} from './native-crypto'
export { createRootCrypto, type RootCrypto, type RootCryptoOptions } from './root-crypto'
export { importRootKeys, parseRootKeys, type RootKeys, RootKeysError } from './roots'
export type { RsaPrivateOperation } from './signing'
