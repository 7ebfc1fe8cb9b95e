import { encodeUtf8 } from '../codec/bytes'
import type { KeyRecord } from '../keys/records'
import { KmsError, noSuchPolicy } from '../model/errors'
import { limits } from '../model/limits'
import { compiledPolicy, principalValues } from '../policy/compile'
import { formatDocument, parseDocument } from '../policy/document'
import { locksOut } from '../policy/lockout'
import { accountOfArn, isPinned, renamePrincipals } from '../policy/pins'
import { invalidPrincipals, lockoutRefused } from '../policy/refusals'
import { keyPolicyOf, keyQuestion } from './access'
import type { Call } from './call'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { pageOf } from './paging'

const policyName = 'default'

interface NewPolicy {
  readonly Policy: string
  readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined
}

/**
 * A policy as it is stored for a key: re-serialised as AWS does, member order kept, every user and role that it names
 * with its unique id.
 * Throws LimitExceededException; MalformedPolicyDocumentException for a document that is no policy, for principals that
 * are nobody, and for a caller who could not change the policy again, unless the caller bypasses that check.
 * Source: AWS API reference, PutKeyPolicy; docs/behaviour.md, key policies.
 */
export async function acceptKeyPolicy(
  call: Call,
  { Policy: text, BypassPolicyLockoutSafetyCheck: bypass }: NewPolicy,
  key: KeyRecord,
): Promise<Pick<KeyRecord, 'policy' | 'policyPins'>> {
  compiledPolicy(text, { kind: 'key', name: 'key policy' })
  // White space between the words does not count: what GetKeyPolicy prints can be put again.
  if (encodeUtf8(JSON.stringify(parseDocument(text))).length > limits.keyPolicyBytes) {
    throw new KmsError('LimitExceededException', `The key policy is longer than ${limits.keyPolicyBytes} bytes.`)
  }
  const { policy, policyPins } = await pinPrincipals(call, text)
  const accepted = { policy, ...(Object.keys(policyPins).length ? { policyPins } : {}) }
  if (!bypass) {
    const governed = { ...withoutPins(key), ...accepted }
    if (locksOut(keyPolicyOf(governed), await keyQuestion(call, governed, 'PutKeyPolicy'))) throw lockoutRefused()
  }
  return accepted
}

const withoutPins = ({ policyPins: _, ...key }: KeyRecord): KeyRecord => key

async function pinPrincipals(call: Call, text: string): Promise<Required<Pick<KeyRecord, 'policy' | 'policyPins'>>> {
  const { arns, uniqueIds, invalid } = principalValues(text)
  if (invalid.length) throw invalidPrincipals()
  const { accountId } = call.kms.home
  const named = uniqueIds.length ? await call.kms.identity.principalArns(uniqueIds, [accountId]) : {}
  if (uniqueIds.some((id) => named[id] === undefined)) throw invalidPrincipals()
  const wanted = [...arns, ...Object.values(named)].filter(isPinned)
  const found = wanted.length ? await call.kms.identity.resolvePrincipals(wanted) : {}
  const policyPins: Record<string, string> = {}
  for (const arn of wanted) {
    const id = found[arn]
    if (id === null || id === undefined) throw invalidPrincipals()
    policyPins[arn] = id
  }
  const document = parseDocument(text)
  if (!document) throw new Error('a policy that was compiled is not a JSON object')
  const policy = uniqueIds.length ? renamePrincipals(text, (value) => named[value] ?? value) : formatDocument(document)
  return { policy, policyPins }
}

const requireDefaultName = (name: string | undefined) => {
  if (name !== undefined && name !== policyName) throw noSuchPolicy()
}

/** The policy as it reads now: users and roles by their present ARNs, those that are gone by their unique ids. */
async function shownPolicy(call: Call, { policy, policyPins }: KeyRecord): Promise<string> {
  if (!policyPins) return policy
  const accounts = [...new Set(Object.keys(policyPins).map(accountOfArn))]
  const now = await call.kms.identity.principalArns(Object.values(policyPins), accounts)
  return renamePrincipals(policy, (value) => {
    const id = policyPins[value]
    if (id === undefined) return value
    // A session's own ARN stands as long as its role does.
    return now[id] === undefined ? id : value.includes(':assumed-role/') ? value : (now[id] as string)
  })
}

/** GetKeyPolicy: pretty printed as AWS does. */
export const getKeyPolicy: Handler<'GetKeyPolicy'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireDefaultName(input.PolicyName)
  return { Policy: await shownPolicy(call, key), PolicyName: policyName }
}

/** ListKeyPolicies: always the one policy. */
export const listKeyPolicies: Handler<'ListKeyPolicies'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const page = await pageOf(call, input, key.keyId, async (after) =>
    after === undefined ? [{ position: policyName, item: policyName }] : [],
  )
  return { PolicyNames: page.items, ...page.members }
}

/** PutKeyPolicy: in every key state. */
export const putKeyPolicy: Handler<'PutKeyPolicy'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  requireDefaultName(input.PolicyName)
  call.putKey({ ...withoutPins(key), ...(await acceptKeyPolicy(call, input, key)) })
}
