import { concatBytes, equalBytes } from './bytes'

/**
 * AES key wrap with padding (RFC 5649). WebCrypto has AES-KW with RFC 3394's initial value alone, so the single block
 * operations come from AES-CBC. Keys: AES-CBC with the usages encrypt and decrypt, which may be non-extractable.
 */

const blockBytes = 16
const halfBytes = 8
const constantBytes = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6)
/** The longest material that an import can carry. */
const maxMaterialBytes = 6144

const cbc = (iv: Bytes) => ({ name: 'AES-CBC', iv })
const zeroIv = new Uint8Array(blockBytes)

/** One block, encrypted: the first of the two that CBC with a zero IV and padding gives. */
async function encryptBlock(key: CryptoKey, block: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt(cbc(zeroIv), key, block), 0, blockBytes)
}

/** One block, decrypted. CBC wants sound padding after it: the block that an empty message has under this IV. */
async function decryptBlock(key: CryptoKey, block: Bytes): Promise<Bytes> {
  const padding = new Uint8Array(await crypto.subtle.encrypt(cbc(block), key, new Uint8Array(0)))
  return new Uint8Array(await crypto.subtle.decrypt(cbc(zeroIv), key, concatBytes(block, padding)))
}

/** A = A xor t, t being a step's number. */
function addStep(a: Bytes, step: number): Bytes {
  const changed = a.slice()
  new DataView(changed.buffer).setUint32(4, new DataView(changed.buffer).getUint32(4) ^ step)
  return changed
}

/** RFC 5649 section 4.1, of 1 to 6,144 bytes. */
export async function wrapKwp(key: CryptoKey, material: Bytes): Promise<Bytes> {
  if (material.length === 0 || material.length > maxMaterialBytes) throw new RangeError('material of such a length')
  const count = Math.ceil(material.length / halfBytes)
  const padded = new Uint8Array(count * halfBytes)
  padded.set(material)
  const lengthField = new Uint8Array(4)
  new DataView(lengthField.buffer).setUint32(0, material.length)
  let a = concatBytes(constantBytes, lengthField)
  if (count === 1) return encryptBlock(key, concatBytes(a, padded))
  for (let step = 1; step <= 6 * count; step++) {
    const at = ((step - 1) % count) * halfBytes
    const block = await encryptBlock(key, concatBytes(a, padded.subarray(at, at + halfBytes)))
    a = addStep(block.slice(0, halfBytes), step)
    padded.set(block.subarray(halfBytes), at)
  }
  return concatBytes(a, padded)
}

/** RFC 5649 section 4.2. Undefined whatever is wrong: all checks are made before any of them decides. */
export async function unwrapKwp(key: CryptoKey, wrapped: Bytes): Promise<Bytes | undefined> {
  const count = wrapped.length / halfBytes - 1
  if (!Number.isInteger(count) || count < 1 || wrapped.length > maxMaterialBytes + 2 * halfBytes) return undefined
  let a = wrapped.slice(0, halfBytes)
  const padded = wrapped.slice(halfBytes)
  if (count === 1) {
    const block = await decryptBlock(key, wrapped)
    a = block.slice(0, halfBytes)
    padded.set(block.subarray(halfBytes))
  } else {
    for (let step = 6 * count; step >= 1; step--) {
      const at = ((step - 1) % count) * halfBytes
      const block = await decryptBlock(key, concatBytes(addStep(a, step), padded.subarray(at, at + halfBytes)))
      a = block.slice(0, halfBytes)
      padded.set(block.subarray(halfBytes), at)
    }
  }
  const length = new DataView(a.buffer).getUint32(4)
  const fits = length > padded.length - halfBytes && length <= padded.length
  const padding = padded.subarray(fits ? length : padded.length)
  const sound = [equalBytes(a.subarray(0, 4), constantBytes), equalBytes(padding, new Uint8Array(padding.length))]
  const material = fits && sound.every(Boolean) ? padded.slice(0, length) : undefined
  padded.fill(0)
  return material
}
