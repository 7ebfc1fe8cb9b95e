/** What a piece of code asks of WebCrypto, by watching it: names of calls, and every CryptoKey that came out. */
export interface CryptoTrace {
  readonly calls: string[]
  readonly keys: { readonly call: string; readonly key: CryptoKey }[]
  readonly randomBytes: number[]
}

const methods = [
  'decrypt',
  'deriveBits',
  'deriveKey',
  'digest',
  'encrypt',
  'exportKey',
  'generateKey',
  'importKey',
  'sign',
  'unwrapKey',
  'verify',
  'wrapKey',
] as const

type Method = (this: unknown, ...given: unknown[]) => unknown

/** Runs one piece of work at a time: it replaces methods of the runtime's prototypes and puts them back. */
export async function watchCrypto(work: () => Promise<unknown>): Promise<CryptoTrace> {
  const trace: CryptoTrace = { calls: [], keys: [], randomBytes: [] }
  const subtle = Object.getPrototypeOf(crypto.subtle) as Record<string, Method>
  const random = Object.getPrototypeOf(crypto) as Record<string, Method>
  const undo: (() => void)[] = []
  const replace = (owner: Record<string, Method>, name: string, by: (original: Method) => Method) => {
    const original = owner[name] as Method
    const descriptor = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor
    Object.defineProperty(owner, name, { ...descriptor, value: by(original) })
    undo.push(() => Object.defineProperty(owner, name, descriptor))
  }
  for (const name of methods) {
    replace(
      subtle,
      name,
      (original) =>
        async function (...given) {
          trace.calls.push(name)
          const result = await original.apply(this, given)
          if (result instanceof CryptoKey) trace.keys.push({ call: name, key: result })
          return result
        },
    )
  }
  replace(
    random,
    'getRandomValues',
    (original) =>
      function (...given) {
        trace.randomBytes.push((given[0] as Uint8Array).byteLength)
        return original.apply(this, given)
      },
  )
  try {
    await work()
  } finally {
    for (const restore of undo) restore()
  }
  return trace
}
