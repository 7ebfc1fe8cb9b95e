import { createSoftwareProvider } from '../software'
import { createRootCrypto, type RootCrypto, type RootCryptoOptions } from '../src/adapters/webcrypto'
import type { Config } from './config'
import { rootsOf } from './roots'
import { rsaPrivate } from './rsa-private'

/** The boundary of one account and Region, with all that this runtime can do. */
export async function vaultCrypto(
  config: Config,
  options: Pick<RootCryptoOptions, 'accountId' | 'region' | 'handleCacheSize'>,
): Promise<RootCrypto> {
  const software = config.softwareCrypto ? createSoftwareProvider() : undefined
  return createRootCrypto({ ...options, roots: await rootsOf(config), software, rsaPrivate })
}
