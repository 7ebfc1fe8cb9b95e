import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs OpenSSL in a folder of its own with these files; gives its output, or the file that it wrote. */
export function openssl(
  args: readonly string[],
  files: { readonly [name: string]: Uint8Array } = {},
  written?: string,
) {
  const folder = mkdtempSync(join(tmpdir(), 'subtle-kms-'))
  try {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
    const output = execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
    return Uint8Array.from(written === undefined ? output : readFileSync(join(folder, written)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A new private key as PKCS#8, DER. In DER alone genpkey writes older forms, so that PEM stands between. */
export function newPkcs8(algorithm: string, ...options: readonly string[]): Bytes {
  const pem = openssl(['genpkey', '-algorithm', algorithm, ...options.flatMap((option) => ['-pkeyopt', option])])
  return openssl(['pkcs8', '-topk8', '-nocrypt', '-in', 'key', '-outform', 'DER'], { key: pem })
}

export const spkiOf = (pkcs8: Bytes): Bytes =>
  openssl(['pkey', '-inform', 'DER', '-in', 'key', '-pubout', '-outform', 'DER'], { key: pkcs8 })
