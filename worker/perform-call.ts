import { encodeError, encodeOutput } from '../src/codec/encode'
import type { CallRequest } from '../src/operations/kms'
import type { SignedPrincipal } from '../src/policy/principal'
import { type CallResult, perform, performReEncryptBetween } from '../src/service/perform'
import { routeOf } from './account-routing'
import type { Config } from './config'
import type { Env } from './env'
import { type FrontKms, frontKms } from './front-kms'
import { type FrontPlace, placeOf } from './front-routing'
import type { VaultAnswer } from './manage'
import { type VaultName, vaultStub } from './stubs'

/** A KMS call whose caller is known, whatever door it came through. Nothing that a service alone may say is in it. */
export interface KnownCall extends Omit<CallRequest, 'body' | 'principal' | 'forwarding'> {
  readonly principal: SignedPrincipal
  readonly region: string
  /** The request body. */
  readonly json: string
}

/** Finds the place where the call is performed and performs it there. What is thrown is for `refusalOf`. */
export async function performCall(
  env: Env,
  config: Config,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
  { region, json, ...call }: KnownCall,
): Promise<VaultAnswer> {
  const { operation } = call
  const caller: VaultName = { accountId: call.principal.accountId, region }
  const { home, destination } = routeOf(operation, json, caller, (accountId) => config.accounts.has(accountId))
  const place = placeOf(operation, json, config.leaseMs)
  if (place === 'vault' && !destination) return vaultStub(env, home).answer(home, { ...call, json })

  // Between two accounts the halves meet here, each over its own Vault's store.
  const front = await frontKms(env, home, destination ? 'fresh' : (place as FrontPlace))
  await front.prepare()
  const result = destination
    ? await reEncryptAcross(env, front, destination, { ...call, operation: 'ReEncrypt', body: { json } })
    : await perform(front.kms, { ...call, body: { json } })
  const sending = front.send()
  if (sending) ctx.waitUntil(sending)
  if (result.ok) return { status: 200, body: encodeOutput(operation, result.output) }
  return { ...encodeError(result.error), errorType: result.error.code }
}

async function reEncryptAcross(
  env: Env,
  front: FrontKms,
  destination: VaultName,
  call: CallRequest & { readonly operation: 'ReEncrypt' },
): Promise<CallResult<'ReEncrypt'>> {
  const other = await frontKms(env, destination, 'fresh')
  await other.prepare()
  return performReEncryptBetween(front.kms, other.kms, call)
}
