import { encodeUtf8 } from '../codec/bytes'
import { KmsError, noSuchPolicy, unsupported } from '../model/errors'
import { limits } from '../model/limits'
import { formatDocument, parseDocument } from '../policy/document'
import { delegatesToAccount } from '../policy/key-policy'
import { findKey } from './find-key'
import type { Handler } from './handler'
import { pageOf } from './paging'

const policyName = 'default'

/**
 * The text to store for a policy document: re-serialised as AWS does, member order kept. Only documents that mean what the
 * default one means are taken: nothing is stored that cannot be enforced.
 * Throws LimitExceededException, MalformedPolicyDocumentException, UnsupportedOperationException.
 */
export function acceptKeyPolicy(text: string, accountId: string): string {
  if (encodeUtf8(text).length > limits.keyPolicyBytes) {
    throw new KmsError('LimitExceededException', `The key policy is longer than ${limits.keyPolicyBytes} bytes.`)
  }
  const document = parseDocument(text)
  if (!document) throw new KmsError('MalformedPolicyDocumentException', 'The policy document is not a JSON object.')
  if (!delegatesToAccount(text, accountId)) {
    throw unsupported('Key policies other than the default key policy are not supported.')
  }
  return formatDocument(document)
}

const requireDefaultName = (name: string | undefined) => {
  if (name !== undefined && name !== policyName) throw noSuchPolicy()
}

/** GetKeyPolicy: pretty printed as AWS does. */
export const getKeyPolicy: Handler<'GetKeyPolicy'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  call.authorize(key)
  requireDefaultName(input.PolicyName)
  return { Policy: key.policy, PolicyName: policyName }
}

/** ListKeyPolicies: always the one policy. */
export const listKeyPolicies: Handler<'ListKeyPolicies'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  call.authorize(key)
  const page = await pageOf(call, input, key.keyId, async (after) =>
    after === undefined ? [{ position: policyName, item: policyName }] : [],
  )
  return { PolicyNames: page.items, ...page.members }
}

/** PutKeyPolicy: in every key state. */
export const putKeyPolicy: Handler<'PutKeyPolicy'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  call.authorize(key)
  requireDefaultName(input.PolicyName)
  call.putKey({ ...key, policy: acceptKeyPolicy(input.Policy, key.accountId) })
}
