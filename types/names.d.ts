/** Names that lib.dom declares and workers-types and @types/node do not. Left out of the DOM program. */
type KeyUsage = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'deriveKey' | 'deriveBits' | 'wrapKey' | 'unwrapKey'
