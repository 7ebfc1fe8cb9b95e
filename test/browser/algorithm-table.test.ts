import { deleteDB } from 'idb'
import { expect, it } from 'vitest'
import { createNativeCrypto, createNativeKeyring } from '../../src/adapters/webcrypto'
import { openBrowserKms } from '../../src/browser'
import type { KeySpec, KeyUsageType } from '../../src/model/generated/types'
import { algorithmRows } from '../suites/algorithm-rows'
import { algorithmTableSuite, expectedAnswer } from '../suites/algorithm-table'
import { account, region } from '../suites/boundary'

algorithmTableSuite(
  'Chromium',
  async (provider) => {
    const software = provider && { provider, agreed: () => true }
    return createNativeCrypto({ keyring: await createNativeKeyring(), accountId: account, region, software })
  },
  { watched: true },
)

it('openBrowserKms without a provider refuses the specs that are software', async () => {
  const name = `algorithm-table-${crypto.randomUUID()}`
  const kms = await openBrowserKms({ name })
  const kindOf = (keySpec: string, keyUsage: string) => `${keySpec} ${keyUsage}`
  const native = new Set<string>()
  const software = new Map<string, { readonly KeySpec: KeySpec; readonly KeyUsage: KeyUsageType }>()
  for (const row of algorithmRows) {
    const { keySpecs, keyUsage: KeyUsage } = row
    for (const KeySpec of keySpecs) {
      const answer = expectedAnswer('Chromium', KeySpec, row)
      if (answer === 'native') native.add(kindOf(KeySpec, KeyUsage))
      if (answer === 'software') software.set(kindOf(KeySpec, KeyUsage), { KeySpec, KeyUsage })
    }
  }
  const lacking = [...software].filter(([kind]) => !native.has(kind))
  expect(lacking.length).toBeGreaterThan(2)
  for (const [kind, input] of lacking) {
    await expect(kms.client.createKey(input), kind).rejects.toMatchObject({ code: 'UnsupportedOperationException' })
  }
  kms.close()
  await deleteDB(name)
})
