import { createSoftwareProvider } from '../../software'
import { createImport, createRootCrypto, importRootKeys } from '../../src/adapters/webcrypto'
import type { Kms } from '../../src/operations/kms'
import type { Principal } from '../../src/policy/principal'
import type { ClockPort } from '../../src/ports/clock'
import type { CryptoPort } from '../../src/ports/crypto'
import type { MaintenancePort, StoragePort } from '../../src/ports/storage'
import { accountId, TestDirectory } from './directory'

export { accountId, userPrincipal } from './directory'
export const region = 'eu-west-1'
export const rootPrincipal: Principal = { kind: 'root', accountId, accessKeyId: 'AKIAROOTEXAMPLE00001' }

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
  readonly identity: TestDirectory
  /** Policies by user name, for the principals of userPrincipal(). Absent users are unknown to the Directory. */
  readonly users: TestDirectory['users']
  readonly faults: string[]
}

/** Where a service stands that is not alone: its account, and the Directory that it shares. It has an outbox. */
export interface Place {
  readonly accountId: string
  readonly directory: TestDirectory
}

const rootKeys = `r1:${btoa('an example root key, 32 bytes ok')}`

export async function composeKms(
  storage: StoragePort & MaintenancePort,
  wrapCrypto: (crypto: CryptoPort) => CryptoPort = (crypto) => crypto,
  crypto?: CryptoPort,
  place?: Place,
): Promise<TestKms> {
  const faults: string[] = []
  const home = { accountId: place?.accountId ?? accountId, region }
  const boundary =
    crypto ?? createRootCrypto({ ...home, roots: await importRootKeys(rootKeys), software: createSoftwareProvider() })
  const identity = place?.directory ?? new TestDirectory()
  return {
    home: { partition: 'aws', ...home },
    storage,
    crypto: wrapCrypto(boundary),
    import: createImport({ software: createSoftwareProvider() }),
    clock: new TestClock(),
    users: identity.users,
    faults,
    identity,
    outbox: place !== undefined,
    report: (fault) => faults.push(fault),
  }
}
