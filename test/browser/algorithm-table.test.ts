import { deleteDB } from 'idb'
import { expect, it } from 'vitest'
import { createNativeCrypto, createNativeKeyring } from '../../src/adapters/webcrypto'
import { openBrowserKms } from '../../src/browser'
import { algorithmRows } from '../suites/algorithm-rows'
import { algorithmTableSuite } from '../suites/algorithm-table'
import { account, region } from '../suites/boundary'

algorithmTableSuite(
  'Chromium',
  async (software) =>
    createNativeCrypto({ keyring: await createNativeKeyring(), accountId: account, region, software }),
  { watched: true },
)

it('openBrowserKms brings no software provider', async () => {
  const name = `algorithm-table-${crypto.randomUUID()}`
  const kms = await openBrowserKms({ name })
  const rows = algorithmRows.filter(({ answers }) => answers.Chromium === 'software')
  expect(rows.length).toBeGreaterThan(0)
  for (const { keySpecs, keyUsage: KeyUsage } of rows) {
    for (const KeySpec of keySpecs) {
      await expect(kms.client.createKey({ KeySpec, KeyUsage }), KeySpec).rejects.toMatchObject({
        code: 'UnsupportedOperationException',
      })
    }
  }
  kms.close()
  await deleteDB(name)
})
