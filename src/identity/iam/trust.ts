import type { RoleRecord } from '../../keys/records'
import { compilePolicy, principalValues } from '../../policy/compile'
import { accountOfArn, isPinned, renamePrincipals } from '../../policy/pins'
import type { IamCall } from './action'
import { policySize } from './documents'
import { invalidPrincipal, trustTooLarge } from './refusals'

/** Characters without white space (IAM user guide, quotas: role trust policy length). */
export const maxTrustSize = 2048

type Trust = Pick<RoleRecord, 'trustPolicy' | 'trustPins'>

/**
 * A trust policy as it is stored: the users and roles that it names are pinned to who they are now. MalformedPolicyDocument
 * (400) for a principal that is not there; LimitExceeded (409) over 2,048 characters.
 */
export async function takeTrust(call: IamCall, text: string): Promise<Trust> {
  compilePolicy(text, { kind: 'trust', name: 'trust policy' })
  if (policySize(text) > maxTrustSize) throw trustTooLarge(maxTrustSize)
  const { arns, uniqueIds, invalid } = principalValues(text)
  const [wrong] = [...invalid, ...uniqueIds]
  if (wrong !== undefined) throw invalidPrincipal('AWS', wrong)
  const named = arns.filter(isPinned)
  const found = named.length ? await call.resolvePrincipals(named) : {}
  const pins = new Map<string, string>()
  for (const arn of named) {
    const uniqueId = found[arn]
    if (uniqueId === null) throw invalidPrincipal('AWS', arn)
    // Nobody knows who is who in accounts that are kept elsewhere.
    if (uniqueId !== undefined) pins.set(arn, uniqueId)
  }
  return { trustPolicy: text, trustPins: Object.fromEntries(pins) }
}

/** The trust policy as it is read: under their present ARNs who is there, as bare unique ids who is gone. */
export async function shownTrust(call: IamCall, { trustPolicy, trustPins }: Trust): Promise<string> {
  const pins = new Map(Object.entries(trustPins))
  if (!pins.size) return trustPolicy
  const present = await call.principalArns([...new Set(pins.values())], [...pins.keys()].map(accountOfArn))
  const renamed = new Map<string, string>()
  for (const [arn, uniqueId] of pins) {
    const now = present[uniqueId]
    // The ARN of a session stays while its role does.
    const shown = now === undefined ? uniqueId : arn.startsWith('arn:aws:sts:') ? arn : now
    if (shown !== arn) renamed.set(arn, shown)
  }
  return renamed.size ? renamePrincipals(trustPolicy, (principal) => renamed.get(principal) ?? principal) : trustPolicy
}
