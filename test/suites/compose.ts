import { createSoftwareProvider } from '../../software'
import { createImport, createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import type { Kms } from '../../src/operations/kms'
import type { Principal } from '../../src/policy/principal'
import type { ClockPort } from '../../src/ports/clock'
import type { CryptoPort } from '../../src/ports/crypto'
import type { CallerEntry } from '../../src/ports/identity'
import type { MaintenancePort, StoragePort } from '../../src/ports/storage'

export const accountId = '111122223333'
export const region = 'eu-west-1'
export const rootPrincipal: Principal = { kind: 'root', accountId, accessKeyId: 'AKIAROOTEXAMPLE00001' }
export const userPrincipal = (userName: string): Principal => ({
  kind: 'user',
  accountId,
  accessKeyId: `AKIAUSER${userName.toUpperCase().padEnd(12, 'X')}`,
  userId: `AIDA${userName.toUpperCase().padEnd(17, 'X')}`,
  userName,
  path: '/',
})

/** Where every test clock begins, ms. */
export const startMs = Date.UTC(2026, 10, 24, 12, 0, 0)

/** A clock that moves only when a test says so. */
export class TestClock implements ClockPort {
  ms = startMs

  wallMs(): number {
    return this.ms
  }

  serviceMs(): number {
    return this.ms
  }

  advanceDays(days: number): void {
    this.ms += days * 86_400_000
  }
}

/** A composed service over any store, for the suites that run in every runtime. */
export interface TestKms extends Kms {
  readonly storage: StoragePort & MaintenancePort
  readonly clock: TestClock
  /** Policies by user name, for the principals of userPrincipal(). Absent users are unknown to the Directory. */
  readonly users: Map<string, CallerEntry['policies']>
  readonly faults: string[]
}

const rootKeys = `r1:${btoa('an example root key, 32 bytes ok')}`

export async function composeKms(
  storage: StoragePort & MaintenancePort,
  wrapCrypto: (crypto: CryptoPort) => CryptoPort = (crypto) => crypto,
  crypto?: CryptoPort,
): Promise<TestKms> {
  const faults: string[] = []
  const users = new Map<string, CallerEntry['policies']>()
  const home = { accountId, region }
  const boundary =
    crypto ?? createRootCrypto({ ...home, roots: await importRootKeys(rootKeys), software: createSoftwareProvider() })
  return {
    home: { partition: 'aws', region, accountId },
    storage,
    crypto: wrapCrypto(boundary),
    import: createImport({ software: createSoftwareProvider() }),
    clock: new TestClock(),
    users,
    faults,
    identity: {
      async findEntry(principal) {
        if (principal.kind === 'root') return { version: 1, policies: {} }
        const policies = users.get(principal.userName)
        return policies && { version: 1, policies }
      },
    },
    report: (fault) => faults.push(fault),
  }
}
