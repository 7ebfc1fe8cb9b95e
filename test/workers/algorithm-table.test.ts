import { readConfig } from '../../worker/config'
import { vaultCrypto } from '../../worker/vault-crypto'
import { algorithmTableSuite } from '../suites/algorithm-table'
import { account, region } from '../suites/boundary'
import { env } from './front-door'

// The Worker brings its own provider, which nothing can watch; the same boundary is watched in Node.
algorithmTableSuite(
  'Workers',
  (software) => {
    const config = readConfig({ ...env, KMS_SOFTWARE_CRYPTO: software ? 'on' : 'off' })
    return vaultCrypto(config, { accountId: account, region })
  },
  { watched: false },
)
