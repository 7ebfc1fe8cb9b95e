import { expect, it } from 'vitest'
import { decodeBase64 } from '../../../src/codec/bytes'
import { EnvelopeError } from '../../../src/envelope'
import commitmentTable from '../../vectors/esdk/commitment-v2.json?url&inline'
import netMessages from '../../vectors/esdk/valid-Net-4.0.0.zip?url&inline'
import { hasAes192 } from './helpers'
import { readVectors, type VectorCase } from './vectors'

const unpack = (dataUrl: string) => decodeBase64(dataUrl.slice(dataUrl.indexOf(',') + 1)) as Bytes

/** Runs every case; answers the names of those that this runtime has no algorithm for. */
async function runAll(cases: readonly VectorCase[]): Promise<string[]> {
  const unsupported: string[] = []
  for (const each of cases) {
    expect(each.skipped, each.name).toBeUndefined()
    try {
      await each.run()
    } catch (error) {
      const isUnsupported = String(error).includes('unsupportedByRuntime AES-192')
      if (!(error instanceof EnvelopeError && isUnsupported)) throw new Error(each.name, { cause: error })
      unsupported.push(each.name)
    }
  }
  return unsupported
}

export function vectorSuite(): void {
  it('opens the 41 good messages of the commitment table and refuses the 5 bad ones', async () => {
    const cases = await readVectors(unpack(commitmentTable))
    expect(cases).toHaveLength(46)
    expect(await runAll(cases)).toEqual([])
  })

  it('opens what ESDK-NET wrote with a required encryption context, in five suites', async () => {
    const cases = await readVectors(unpack(netMessages))
    expect(cases).toHaveLength(5)
    const unsupported = await runAll(cases)
    expect(unsupported.map((name) => name.slice(0, 4))).toEqual((await hasAes192()) ? [] : ['0046'])
  })
}
