/**
 * The Web standards that the core uses, and nothing else: what is not declared here does not compile in `src` outside
 * the adapters. No timers, no console, no DOM. Each signature is the strictest of lib.dom, workers-types and
 * @types/node, so that code which compiles here compiles in all three; those programs leave this file out.
 */

// Web Cryptography (W3C Recommendation Level 2)
type BufferSource = ArrayBuffer | ArrayBufferView<ArrayBuffer>
type HashAlgorithmIdentifier = string | { name: string }

interface KeyAlgorithm {
  readonly name: string
}

interface CryptoKey {
  readonly type: 'public' | 'private' | 'secret'
  readonly extractable: boolean
  readonly algorithm: KeyAlgorithm
  readonly usages: readonly KeyUsage[]
}
declare var CryptoKey: { readonly prototype: CryptoKey }

interface CryptoKeyPair {
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

interface JsonWebKey {
  kty: string
  use?: string
  key_ops?: string[]
  alg?: string
  ext?: boolean
  crv?: string
  x?: string
  y?: string
  d?: string
  n?: string
  e?: string
  p?: string
  q?: string
  dp?: string
  dq?: string
  qi?: string
  k?: string
}

/** AES-GCM, AES-CBC, AES-CTR, AES-KW, RSA-OAEP. */
type CipherAlgorithm =
  | string
  | { name: string }
  | { name: string; iv: BufferSource; additionalData?: BufferSource; tagLength?: number }
  | { name: string; counter: BufferSource; length: number }
  | { name: string; label?: BufferSource }

/** HMAC, RSASSA-PKCS1-v1_5, RSA-PSS, ECDSA, Ed25519, ML-DSA. */
type SignatureAlgorithm =
  | string
  | { name: string }
  | { name: string; hash: HashAlgorithmIdentifier }
  | { name: string; saltLength: number }

/** HKDF, PBKDF2, ECDH, X25519. */
type DerivationAlgorithm =
  | { name: string; hash: HashAlgorithmIdentifier; salt: BufferSource; info: BufferSource }
  | { name: string; hash: HashAlgorithmIdentifier; salt: BufferSource; iterations: number }
  | { name: string; public: CryptoKey }

type GenerationAlgorithm =
  | string
  | { name: string }
  | { name: string; length: number }
  | { name: string; hash: HashAlgorithmIdentifier; length?: number }
  | { name: string; namedCurve: string }
  | { name: string; hash: HashAlgorithmIdentifier; modulusLength: number; publicExponent: Bytes }

type ImportAlgorithm =
  | string
  | { name: string }
  | { name: string; length: number }
  | { name: string; hash: HashAlgorithmIdentifier; length?: number }
  | { name: string; namedCurve: string }

interface SubtleCrypto {
  encrypt(algorithm: CipherAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>
  decrypt(algorithm: CipherAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>
  sign(algorithm: SignatureAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>
  verify(algorithm: SignatureAlgorithm, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>
  digest(algorithm: HashAlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>
  generateKey(
    algorithm: GenerationAlgorithm,
    extractable: boolean,
    keyUsages: KeyUsage[],
  ): Promise<CryptoKey | CryptoKeyPair>
  deriveKey(
    algorithm: DerivationAlgorithm,
    baseKey: CryptoKey,
    derivedKeyType: ImportAlgorithm,
    extractable: boolean,
    keyUsages: KeyUsage[],
  ): Promise<CryptoKey>
  deriveBits(algorithm: DerivationAlgorithm, baseKey: CryptoKey, length: number): Promise<ArrayBuffer>
  importKey(
    format: 'jwk',
    keyData: JsonWebKey,
    algorithm: ImportAlgorithm,
    extractable: boolean,
    keyUsages: KeyUsage[],
  ): Promise<CryptoKey>
  importKey(
    format: 'raw' | 'pkcs8' | 'spki',
    keyData: BufferSource,
    algorithm: ImportAlgorithm,
    extractable: boolean,
    keyUsages: KeyUsage[],
  ): Promise<CryptoKey>
  exportKey(format: 'jwk', key: CryptoKey): Promise<ArrayBuffer | JsonWebKey>
  exportKey(format: 'raw' | 'pkcs8' | 'spki', key: CryptoKey): Promise<ArrayBuffer | JsonWebKey>
  wrapKey(
    format: 'raw' | 'pkcs8' | 'spki' | 'jwk',
    key: CryptoKey,
    wrappingKey: CryptoKey,
    wrapAlgorithm: CipherAlgorithm,
  ): Promise<ArrayBuffer>
  unwrapKey(
    format: 'raw' | 'pkcs8' | 'spki' | 'jwk',
    wrappedKey: BufferSource,
    unwrappingKey: CryptoKey,
    unwrapAlgorithm: CipherAlgorithm,
    unwrappedKeyAlgorithm: ImportAlgorithm,
    extractable: boolean,
    keyUsages: KeyUsage[],
  ): Promise<CryptoKey>
}

interface Crypto {
  readonly subtle: SubtleCrypto
  /** At most 65,536 bytes a call. */
  getRandomValues<T extends ArrayBufferView<ArrayBuffer>>(array: T): T
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`
}
declare var crypto: Crypto

// Encoding
interface TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number }
}
declare var TextEncoder: { new (): TextEncoder }

interface TextDecoder {
  decode(input?: BufferSource | Uint8Array, options?: { stream: boolean }): string
}
declare var TextDecoder: {
  new (label?: string, options?: { fatal: boolean; ignoreBOM: boolean }): TextDecoder
}

declare function atob(data: string): string
declare function btoa(data: string): string
declare function structuredClone<T>(value: T): T

// URL
interface URLSearchParams {
  readonly size: number
  append(name: string, value: string): void
  delete(name: string): void
  get(name: string): string | null
  getAll(name: string): string[]
  has(name: string): boolean
  set(name: string, value: string): void
  sort(): void
  toString(): string
  entries(): IterableIterator<[string, string]>
  keys(): IterableIterator<string>
  values(): IterableIterator<string>
  [Symbol.iterator](): IterableIterator<[string, string]>
}
declare var URLSearchParams: {
  new (init?: string | Record<string, string>): URLSearchParams
}

interface URL {
  hash: string
  host: string
  hostname: string
  href: string
  readonly origin: string
  password: string
  pathname: string
  port: string
  protocol: string
  search: string
  readonly searchParams: URLSearchParams
  username: string
  toString(): string
}
declare var URL: {
  new (url: string | URL, base?: string | URL): URL
  canParse(url: string, base?: string): boolean
}

// Fetch: the messages, not the function
interface Headers {
  append(name: string, value: string): void
  delete(name: string): void
  get(name: string): string | null
  has(name: string): boolean
  set(name: string, value: string): void
  forEach(callback: (value: string, name: string) => void): void
  entries(): IterableIterator<[string, string]>
  keys(): IterableIterator<string>
  values(): IterableIterator<string>
  [Symbol.iterator](): IterableIterator<[string, string]>
}
type HeadersInit = Headers | [string, string][] | Record<string, string>
declare var Headers: { new (init?: HeadersInit): Headers }

interface AbortSignal {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
}

type BodyInit = string | ArrayBuffer | Bytes | URLSearchParams | ReadableStream<Uint8Array>

interface Body {
  readonly body: ReadableStream<Uint8Array> | null
  readonly bodyUsed: boolean
  arrayBuffer(): Promise<ArrayBuffer>
  json(): Promise<unknown>
  text(): Promise<string>
}

interface RequestInit {
  method?: string
  headers?: HeadersInit
  body?: BodyInit | null
  signal?: AbortSignal | null
}
interface Request extends Body {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly signal: AbortSignal
  clone(): Request
}
declare var Request: { new (input: string | URL | Request, init?: RequestInit): Request }

interface ResponseInit {
  status?: number
  statusText?: string
  headers?: HeadersInit
}
interface Response extends Body {
  readonly status: number
  readonly ok: boolean
  readonly headers: Headers
  clone(): Response
}
declare var Response: { new (body?: BodyInit | null, init?: ResponseInit): Response }

// Streams
type ReadableStreamReadResult<R> = { done: false; value: R } | { done: true; value?: R | undefined }

interface ReadableStreamDefaultReader<R = unknown> {
  readonly closed: Promise<unknown>
  read(): Promise<ReadableStreamReadResult<R>>
  cancel(reason?: unknown): Promise<void>
  releaseLock(): void
}
interface ReadableStreamDefaultController<R = unknown> {
  readonly desiredSize: number | null
  enqueue(chunk: R): void
  close(): void
  error(reason?: unknown): void
}
interface ReadableStream<R = unknown> {
  readonly locked: boolean
  getReader(): ReadableStreamDefaultReader<R>
  pipeThrough<T>(transform: { writable: WritableStream<R>; readable: ReadableStream<T> }): ReadableStream<T>
  pipeTo(destination: WritableStream<R>): Promise<void>
  cancel(reason?: unknown): Promise<void>
  tee(): [ReadableStream<R>, ReadableStream<R>]
}
declare var ReadableStream: {
  new <R = unknown>(source?: {
    start?: (controller: ReadableStreamDefaultController<R>) => void | Promise<void>
    pull?: (controller: ReadableStreamDefaultController<R>) => void | Promise<void>
    cancel?: (reason?: unknown) => void | Promise<void>
  }): ReadableStream<R>
}

interface WritableStreamDefaultWriter<W = unknown> {
  readonly closed: Promise<unknown>
  readonly ready: Promise<unknown>
  write(chunk: W): Promise<void>
  close(): Promise<void>
  abort(reason?: unknown): Promise<void>
  releaseLock(): void
}
interface WritableStream<W = unknown> {
  readonly locked: boolean
  getWriter(): WritableStreamDefaultWriter<W>
  abort(reason?: unknown): Promise<void>
  close(): Promise<void>
}

declare var WritableStream: {
  new <W = unknown>(sink?: {
    start?: (controller: { error(reason?: unknown): void }) => void | Promise<void>
    write?: (chunk: W) => void | Promise<void>
    close?: () => void | Promise<void>
    abort?: (reason?: unknown) => void | Promise<void>
  }): WritableStream<W>
}

interface TransformStreamDefaultController<O = unknown> {
  readonly desiredSize: number | null
  enqueue(chunk: O): void
  error(reason?: unknown): void
  terminate(): void
}
interface TransformStream<I = unknown, O = unknown> {
  readonly readable: ReadableStream<O>
  readonly writable: WritableStream<I>
}
declare var TransformStream: {
  new <I = unknown, O = unknown>(transformer?: {
    start?: (controller: TransformStreamDefaultController<O>) => void | Promise<void>
    transform?: (chunk: I, controller: TransformStreamDefaultController<O>) => void | Promise<void>
    flush?: (controller: TransformStreamDefaultController<O>) => void | Promise<void>
  }): TransformStream<I, O>
}
