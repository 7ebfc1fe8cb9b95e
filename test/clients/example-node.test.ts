import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import { inspect } from '../../src/envelope'
import { bundled, newKeyArn } from './example-world'
import { type Ended, newStateFolder, removeFolder, runWith, shellLines, startServer } from './server'

let server: ServedProcess
let folder: string
let keyArn: string
let lines: string
beforeAll(async () => {
  folder = await newStateFolder()
  server = await startServer(join(folder, 'state'))
  keyArn = await newKeyArn(server.url)
  lines = await shellLines(server.url)
  await writeFile(join(folder, 'seal.mjs'), await bundled('node-script/seal.ts', 'node'))
})
afterAll(async () => {
  await server.stop()
  await removeFolder(folder)
})

const at = (name: string) => join(folder, name)
const script = (...args: string[]): Promise<Ended> => runWith(lines, process.execPath, at('seal.mjs'), ...args)

describe('examples/node-script', () => {
  it('seals a file, and opens it with the same pairs alone', async () => {
    const report = Buffer.from('0123456789abcdef'.repeat(40_000))
    await writeFile(at('report'), report)
    const pair = 'department=finance'
    expect(await script('seal', keyArn, at('report'), at('sealed'), pair)).toMatchObject({ exitCode: 0, stderr: '' })
    const sealed = await readFile(at('sealed'))
    expect(inspect(new Uint8Array(sealed)).encryptionContext).toEqual({ department: 'finance' })
    expect(sealed.includes('0123456789abcdef')).toBe(false)

    expect(await script('open', keyArn, at('sealed'), at('opened'), pair)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(report.equals(await readFile(at('opened')))).toBe(true)

    await writeFile(at('cut'), sealed.subarray(0, -1))
    for (const [from, given] of [
      ['sealed', 'department=sales'],
      ['cut', pair],
    ] as const) {
      const { exitCode, stderr } = await script('open', keyArn, at(from), at('refused'), given)
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/invalidContext|messageTruncated/)
      await expect(readFile(at('refused'))).rejects.toThrow('ENOENT')
      await expect(readFile(at('refused.part'))).rejects.toThrow('ENOENT')
    }
  })

  it('says how it is used', async () => {
    expect(await script('seal')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('usage') })
  })
})
