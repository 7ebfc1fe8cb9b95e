/** Web Cryptography's type names, which @types/node keeps in a namespace of node:crypto. For the Node program alone. */
type CryptoKey = import('node:crypto').webcrypto.CryptoKey
type CryptoKeyPair = import('node:crypto').webcrypto.CryptoKeyPair
type JsonWebKey = import('node:crypto').webcrypto.JsonWebKey
