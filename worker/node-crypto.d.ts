/** The little of node:crypto that the Worker uses; the runtime has it, its type package does not. */
declare module 'node:crypto' {
  interface KeyObject {
    readonly type: string
  }
  export const KeyObject: { from(key: CryptoKey): KeyObject }
  export const constants: { readonly RSA_NO_PADDING: number }
  export function privateDecrypt(key: { key: KeyObject; padding: number }, block: Uint8Array): Uint8Array
}
