import { constants, createPrivateKey, privateDecrypt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { loadBundled } from './load-bundled.mjs'

/**
 * `npm run esdk-vectors -- FILE…`: opens messages that other implementations of the AWS Encryption SDK wrote, whole and
 * as streams. A file is a zip with a manifest of the type `awses-decrypt`, or a table in the form of
 * test/vectors/esdk/commitment-v2.json. Cases whose keys are in KMS are shown, but do not count.
 * Exit code: 0 when all pass, 1 when one fails, 2 when a file is none.
 */
const names = process.argv.slice(2)
if (names.length === 0) bad('Which file? npm run esdk-vectors -- FILE')

const { readVectors } = await loadBundled('test/suites/envelope/vectors.ts')
const counts = { passed: 0, failed: 0 }
/** Why cases were left out, and how many. */
const skipped = {}
for (const name of names) {
  let cases
  try {
    cases = await readVectors(new Uint8Array(await readFile(name)), { rsaPkcs1 })
  } catch (error) {
    bad(`${name}: ${error.message}`)
  }
  for (const each of cases) {
    if (each.skipped !== undefined) {
      skipped[each.skipped] = (skipped[each.skipped] ?? 0) + 1
      continue
    }
    try {
      await each.run()
      counts.passed++
    } catch (error) {
      counts.failed++
      console.log(`FAILED ${each.name}\n  ${error.message}`)
    }
  }
}
for (const [reason, count] of Object.entries(skipped)) console.log(`skipped ${count}: ${reason}`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed ? 1 : 0

/** RSA with PKCS #1 v1.5 padding, which WebCrypto lacks. Keyrings are plain objects, so Node can bring one. */
function rsaPkcs1(namespace, name, pem) {
  const key = createPrivateKey(pem)
  return {
    wrap: () => Promise.reject(new Error('for reading only')),
    async unwrap({ suite, encryptedDataKeys }) {
      const info = Buffer.from(name)
      for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
        if (providerId !== namespace || !info.equals(providerInfo)) continue
        const dataKey = privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, ciphertext)
        if (dataKey.length === suite.keyBytes) return Uint8Array.from(dataKey)
      }
      throw new Error('no data key of this keyring')
    },
  }
}

function bad(message) {
  console.error(message)
  process.exit(2)
}
