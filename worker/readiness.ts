import type { Config } from './config'
import type { Env } from './env'
import { describeFault, report } from './log'
import { directoryStub } from './stubs'

/**
 * Whether root keys and storage work: the Directory of the first account opens, which derives its keys and compares
 * their check values with what the storage holds. Tells nobody anything but yes or no.
 */
export async function readiness(env: Env, config: Config): Promise<{ readonly ready: boolean; readonly text: string }> {
  const [accountId] = config.accounts
  try {
    if (accountId !== undefined) await directoryStub(env, accountId).ping(accountId)
    return { ready: true, text: 'ready\n' }
  } catch (fault) {
    report(describeFault(fault))
    return { ready: false, text: 'not ready: root keys or storage\n' }
  }
}
