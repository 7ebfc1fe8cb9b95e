/** Bytes that own their buffer, which is what WebCrypto takes and gives. */
type Bytes = Uint8Array<ArrayBuffer>
