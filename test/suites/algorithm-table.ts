import { describe, expect, it } from 'vitest'
import { createSoftwareProvider } from '../../software'
import { encodeBlobPrefix } from '../../src/codec/ciphertext-blob'
import { signingAlgorithms } from '../../src/model/algorithms'
import type {
  EncryptionAlgorithmSpec,
  KeySpec,
  KeyUsageType,
  SigningAlgorithmSpec,
} from '../../src/model/generated/types'
import type { CryptoPort, KeyHandle, SigningHandle, SoftwareProvider, ToSign } from '../../src/ports/crypto'
import { type AlgorithmRow, type Answer, algorithmRows, type Runtime } from './algorithm-rows'
import { account, contextOf } from './boundary'
import { familyBinding, flipped, type MadeKey, message } from './boundary-families'

/** Seconds to make, and no other code than RSA_2048. */
const slow: readonly KeySpec[] = ['RSA_3072', 'RSA_4096']

/** A boundary that makes keys of one spec and usage, once. */
interface Probe {
  readonly port: CryptoPort
  /** Rejects where there are no such keys. */
  newKey(): Promise<MadeKey & { readonly handle: KeyHandle }>
  key(): ReturnType<Probe['newKey']>
}

function createProbe(port: CryptoPort, keySpec: KeySpec, keyUsage: KeyUsageType): Probe {
  const newKey = async () => {
    const binding = familyBinding(keySpec, keyUsage)
    const born = await port.createMaterial(binding)
    return { binding, born, handle: await port.openMaterial(born, binding) }
  }
  let made: ReturnType<Probe['newKey']> | undefined
  const key = () => {
    made ??= newKey()
    return made
  }
  return { port, newKey, key }
}

/** Whether a round trip works. UnsupportedOperationException says no; a wrong result or any other error is thrown on. */
async function works(probe: Probe, row: AlgorithmRow): Promise<boolean> {
  try {
    await roundTrip(probe, row)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'UnsupportedOperationException') return false
    throw error
  }
}

async function roundTrip(probe: Probe, { algorithm, messageType }: AlgorithmRow): Promise<void> {
  const { handle, binding, born } = await probe.key()
  switch (handle.kind) {
    case 'symmetric': {
      const prefix = encodeBlobPrefix({ accountId: account, keyId: binding.keyId, materialId: born.materialId })
      const blob = await handle.seal(prefix, contextOf({ a: 'b' }), message)
      expect(await handle.open(blob, contextOf({ a: 'b' }))).toEqual(message)
      return expect(await handle.open(blob, contextOf())).toBeUndefined()
    }
    case 'cipher': {
      const name = algorithm as EncryptionAlgorithmSpec
      const ciphertext = await handle.encrypt(name, message)
      expect(await handle.decrypt(name, ciphertext)).toEqual(message)
      return expect(await handle.decrypt(name, flipped(ciphertext, -1))).toBeUndefined()
    }
    case 'signing':
      return signAndVerify(handle, await toSignOf(algorithm as SigningAlgorithmSpec, messageType))
    case 'mac': {
      const mac = await handle.generate(message)
      expect(mac.length).toBe(Number(algorithm.slice(-3)) / 8)
      expect(await handle.verify(message, mac)).toBe(true)
      return expect(await handle.verify(message, flipped(mac, 0))).toBe(false)
    }
    case 'agreement': {
      const other = await probe.newKey()
      if (other.handle.kind !== 'agreement') throw new Error(`a ${other.handle.kind} handle`)
      const secret = await handle.derive(other.born.publicKey as Bytes)
      expect(secret).toBeDefined()
      return expect(await other.handle.derive(born.publicKey as Bytes)).toEqual(secret)
    }
    case 'encapsulation': {
      const { sharedSecret, ciphertext } = await handle.encapsulate()
      expect(await handle.decapsulate(ciphertext)).toEqual(sharedSecret)
      return expect(await handle.decapsulate(flipped(ciphertext, 0))).not.toEqual(sharedSecret)
    }
  }
}

/** The example message, hashed where the message type says so. A μ is any 64 bytes. */
async function toSignOf(algorithm: SigningAlgorithmSpec, messageType: ToSign['messageType'] = 'RAW'): Promise<ToSign> {
  const { digestBytes = 0, muBytes = 0 } = signingAlgorithms[algorithm]
  if (messageType === 'RAW') return { algorithm, messageType, message }
  if (messageType === 'EXTERNAL_MU') return { algorithm, messageType, message: new Uint8Array(muBytes).fill(9) }
  const digest = await crypto.subtle.digest(`SHA-${digestBytes * 8}`, message)
  return { algorithm, messageType, message: new Uint8Array(digest) }
}

async function signAndVerify(handle: SigningHandle, toSign: ToSign): Promise<void> {
  const { algorithm, messageType } = toSign
  const signature = await handle.sign(toSign)
  expect(await handle.verify(toSign, signature)).toBe(true)
  expect(await handle.verify({ ...toSign, message: flipped(toSign.message, 3) }, signature)).toBe(false)
  // Of the same bytes, but not the signature of Ed25519ph.
  const whole = messageType === 'DIGEST' && signingAlgorithms[algorithm].messageTypes.includes('RAW')
  if (whole) expect(await handle.verify({ algorithm, messageType: 'RAW', message }, signature)).toBe(true)
}

/** The software provider, and whether anything was done by it. */
function watchSoftware(): { readonly provider: SoftwareProvider; used: boolean } {
  const software = createSoftwareProvider()
  const watch = {
    used: false,
    provider: {
      ...software,
      generate(keySpec) {
        watch.used = true
        return software.generate(keySpec)
      },
      handle(...given) {
        const noted = Object.entries(software.handle(...given)).map(([name, member]) => [
          name,
          typeof member !== 'function'
            ? member
            : (...input: unknown[]) => {
                watch.used = true
                return Reflect.apply(member, undefined, input)
              },
        ])
        return Object.fromEntries(noted) as KeyHandle
      },
    } satisfies SoftwareProvider as SoftwareProvider,
  }
  return watch
}

const modernNames: { readonly [S in KeySpec]?: string } = Object.fromEntries(
  algorithmRows
    .flatMap(({ keySpecs }) => keySpecs)
    .filter((keySpec) => keySpec.startsWith('ML_'))
    .map((keySpec) => [keySpec, keySpec.replaceAll('_', '-')]),
)

/** What a row says of this runtime. Not every Chromium has ML-DSA and ML-KEM: where it says so, they are software. */
export function expectedAnswer(runtime: Runtime, keySpec: KeySpec, { answers }: AlgorithmRow): Answer {
  const modern = modernNames[keySpec]
  if (runtime !== 'Chromium' || !modern || answers.Chromium !== 'native') return answers[runtime]
  const { SubtleCrypto } = globalThis as { SubtleCrypto?: { supports?: (operation: string, name: string) => boolean } }
  return SubtleCrypto?.supports?.('generateKey', modern) ? 'native' : 'software'
}

/**
 * Each row of the table, asked. `make` composes a boundary as the runtime's home does. Where it takes the provider it is
 * given, `watched`, no native answer may come from software.
 */
export function algorithmTableSuite(
  runtime: Runtime,
  make: (software: SoftwareProvider | undefined) => Promise<CryptoPort>,
  { watched }: { readonly watched: boolean },
): void {
  const groups = Map.groupBy(
    algorithmRows.flatMap((row) => row.keySpecs.map((keySpec) => ({ keySpec, row }))),
    ({ keySpec, row }) => `${keySpec} ${row.keyUsage}`,
  )

  describe.each([...groups])(`${runtime}: %s`, (_, members) => {
    const [
      {
        keySpec,
        row: { keyUsage },
      },
    ] = members as [(typeof members)[number]]
    const rows = members.map(({ row }) => row)
    const isHere = (...answers: Answer[]) => rows.some((row) => answers.includes(expectedAnswer(runtime, keySpec, row)))

    it('supported as its rows say', async () => {
      const [bare, full] = [await make(undefined), await make(createSoftwareProvider())]
      const supported = [bare, full].map((port) => port.supports(keySpec, keyUsage))
      expect(supported).toEqual([isHere('native'), isHere('native', 'software')])
    })

    if (slow.includes(keySpec)) return

    it('works as its rows say', { timeout: 120_000 }, async () => {
      const watch = watchSoftware()
      const bare = createProbe(await make(undefined), keySpec, keyUsage)
      const full = createProbe(await make(watch.provider), keySpec, keyUsage)
      for (const row of rows) {
        const name = `${row.algorithm} ${row.messageType ?? ''}`
        const native = await works(bare, row)
        watch.used = false
        const supported = await works(full, row)
        const answer: Answer = native ? 'native' : supported ? 'software' : 'unsupported'
        expect(answer, name).toBe(expectedAnswer(runtime, keySpec, row))
        expect(supported, name).toBe(answer !== 'unsupported')
        if (watched) expect(watch.used, name).toBe(answer === 'software')
      }
    })
  })
}
