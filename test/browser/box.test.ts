import { deleteDB } from 'idb'
import { afterAll, describe } from 'vitest'
import { type BrowserKms, openBrowserKms } from '../../src/browser'
import { boxSuite } from '../suites/client/box'

const name = `box-${crypto.randomUUID()}`
let kms: BrowserKms | undefined

afterAll(async () => {
  kms?.close()
  await deleteDB(name)
})

describe('kmsBox over the KMS of the browser', () => {
  boxSuite(async () => {
    kms = await openBrowserKms({ name })
    const { client } = kms
    return { kms: client, newKey: async () => (await client.createKey({})).KeyMetadata?.Arn as string }
  })
})
