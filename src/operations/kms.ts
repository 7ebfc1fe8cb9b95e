import type { KmsHome } from '../codec/arn'
import type { RequestBody } from '../codec/decode'
import type { OperationName } from '../model/operations'
import type { Organization } from '../policy/caller'
import type { Principal } from '../policy/principal'
import type { Policy } from '../policy/types'
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
  /** What the configuration lays on an account; nothing unless given. */
  readonly governance?: ((accountId: string) => Governance) | undefined
  /** Whether other accounts' services are told what concerns them (outbox rows, delivered by maintenance). */
  readonly outbox?: boolean | undefined
  /** Takes the name and stack of an unexpected error, never its message. */
  report(fault: string): void
}

/** Policies of an organisation over one account, as documents. Source: IAM user guide, SCPs and RCPs. */
export interface Governance extends Organization {
  /** Service control policies by level, organisation root first; each level must allow. */
  readonly scp?: readonly (readonly Policy[])[]
  /** Resource control policies; only their denies count. */
  readonly rcp?: readonly Policy[]
}

/** A service of this process that calls with its caller's credentials. No door of the wire can say so. */
export interface Forwarding {
  /** Value of `kms:ViaService`: `s3.eu-west-1.amazonaws.com`. */
  readonly viaService: string
  /** Whether it calls for a resource of its own (`kms:GrantIsForAWSResource`). */
  readonly forResource?: boolean
  readonly sourceArn?: string
  readonly sourceAccount?: string
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
  /** Whether it came over TLS; true unless told otherwise. */
  readonly secureTransport?: boolean | undefined
  readonly forwarding?: Forwarding | undefined
}
