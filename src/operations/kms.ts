import type { KmsHome } from '../codec/arn'
import type { RequestBody } from '../codec/decode'
import type { OperationName } from '../model/operations'
import type { Principal } from '../policy/principal'
import type { ClockPort } from '../ports/clock'
import type { CryptoPort } from '../ports/crypto'
import type { IdentityPort } from '../ports/identity'
import type { ImportPort } from '../ports/import'
import type { StoragePort } from '../ports/storage'

/** One account in one Region, composed of ports. */
export interface Kms {
  readonly home: KmsHome
  readonly storage: StoragePort
  readonly crypto: CryptoPort
  /** Absent where no key material can be imported. */
  readonly import?: ImportPort | undefined
  readonly clock: ClockPort
  readonly identity: IdentityPort
  /** Takes the name and stack of an unexpected error, never its message. */
  report(fault: string): void
}

/** An authenticated call, before anything of its body was looked at. */
export interface CallRequest {
  readonly principal: Principal
  readonly operation: OperationName
  readonly body: RequestBody
  /** UUID; goes back to the caller and into the audit record. */
  readonly requestId: string
  readonly sourceIp?: string | undefined
  readonly userAgent?: string | undefined
  readonly host?: string | undefined
}
