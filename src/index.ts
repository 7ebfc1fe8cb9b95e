import { isAccountId, partitionOf } from './codec/arn'
import { rootAlone } from './identity/root-alone'
import type { OperationName } from './model/operations'
import type { CallRequest, Kms } from './operations/kms'
import type { Principal } from './policy/principal'
import type { ClockPort } from './ports/clock'
import type { CryptoPort } from './ports/crypto'
import type { IdentityPort } from './ports/identity'
import type { ImportPort } from './ports/import'
import type { StoragePort } from './ports/storage'
import { type KmsClient, kmsClient } from './service/client'
import { type CallResult, perform } from './service/perform'

export { type ErrorCode, KmsError } from './model/errors'
export type { OperationInput, OperationName, OperationOutput } from './model/operations'
export type { CallRequest } from './operations/kms'
export type { Principal, RootPrincipal, ServicePrincipal, Session, UserPrincipal } from './policy/principal'
export { type ConsolePolicyOptions, consoleKeyPolicy } from './policy/standard'
export type { DecidedBy, Decision } from './policy/types'
export type { ClockPort } from './ports/clock'
export type { CryptoPort } from './ports/crypto'
export type { CallerEntry, IdentityPort } from './ports/identity'
export type { ImportPort } from './ports/import'
export type { StoragePort } from './ports/storage'
export type { KmsClient } from './service/client'
export type { CallResult } from './service/perform'

export interface KmsOptions {
  /** 12 digits. */
  readonly accountId: string
  readonly region: string
  readonly storage: StoragePort
  readonly crypto: CryptoPort
  /** Without it no key material can be imported. */
  readonly import?: ImportPort
  /** The runtime's clock unless given. */
  readonly clock?: ClockPort
  /** Who may call. Unless given the account's root user alone. */
  readonly identity?: IdentityPort
  /** Policies of an organisation over the account; none unless given. */
  readonly governance?: Kms['governance']
  /** Takes name and place of an unexpected error, whose caller sees KMSInternalException and no more. */
  readonly report?: (fault: string) => void
}

/** One account in one Region. */
export interface ComposedKms {
  /** One call as data, JSON body or typed input. Never throws. */
  perform<N extends OperationName>(request: CallRequest & { readonly operation: N }): Promise<CallResult<N>>
  /** One method per operation for a caller that the surrounding code has made sure of. They throw KmsError. */
  client(principal: Principal): KmsClient
}

const runtimeClock: ClockPort = { wallMs: () => Date.now(), serviceMs: () => Date.now() }

/** Composes a service of its ports. Throws RangeError unless `accountId` is 12 digits and `region` has a Region's form. */
export function createKms(options: KmsOptions): ComposedKms {
  const { accountId, region, storage, crypto, clock = runtimeClock, identity } = options
  if (!isAccountId(accountId)) throw new RangeError('an account id is 12 digits')
  if (!/^[a-z]{2,4}(-[a-z]+)+-[0-9]$/.test(region)) throw new RangeError('a Region has the form eu-west-1')
  const kms: Kms = {
    home: { partition: partitionOf(region), accountId, region },
    storage,
    crypto,
    import: options.import,
    clock,
    identity: identity ?? rootAlone((principal) => principal.accountId === accountId),
    governance: options.governance,
    report: options.report ?? (() => undefined),
  }
  return {
    perform: (request) => perform(kms, request),
    client: (principal) => kmsClient(kms, principal),
  }
}
