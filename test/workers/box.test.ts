import { exports } from 'cloudflare:workers'
import { describe } from 'vitest'
import type { HttpKmsOptions } from '../../src/client'
import type { KmsClient } from '../../src/service/client'
import { boxSuite } from '../suites/client/box'
import { allow, deployed, kms, newRegion, newUser, origin, root } from './front-door'
import { newRole } from './identities'

const newKeyIn = (region: string) => async () => {
  const { output } = await kms(deployed, root, region, 'CreateKey')
  return output.KeyMetadata.Arn as string
}

describe('kmsBox over a service binding', () => {
  boxSuite(async () => {
    const region = newRegion()
    const actions = ['kms:GenerateDataKey', 'kms:Decrypt', 'kms:Encrypt']
    const { arn: roleArn } = await newRole({ Service: 'rpc.subtle-kms' }, actions)
    const { KmsRpc } = exports as unknown as { KmsRpc(options: { props: unknown }): KmsClient }
    return { kms: KmsRpc({ props: { roleArn, sessionName: 'box', region } }), newKey: newKeyIn(region) }
  })
})

describe('kmsBox over the signed endpoint', () => {
  boxSuite(async () => {
    const region = newRegion()
    const credentials = await newUser({ box: allow('kms:GenerateDataKey', 'kms:Decrypt', 'kms:Encrypt') })
    const fetch: HttpKmsOptions['fetch'] = (url, init) => deployed.fetch(new Request(url, init as RequestInit))
    return { kms: { endpoint: origin, region, credentials, fetch }, newKey: newKeyIn(region) }
  })
})
