import { formatAliasArn } from '../codec/arn'
import { grantRowId } from '../keys/grant-records'
import { grantTerms } from '../keys/grants'
import type { KeyRecord } from '../keys/records'
import { grantNotFound, validation } from '../model/errors'
import type { OperationName } from '../model/operations'
import { checksOf, type OperationCheck } from '../policy/checks'
import type { Question } from '../policy/types'
import { grantedQuestion, keyQuestion, resourceQuestion } from './access'
import type { Call } from './call'
import { locateSource } from './decrypt'
import { findKey } from './find-key'
import { openGrantToken } from './grant-tokens'
import { findSettledKey } from './settle'

type Members = Readonly<Record<string, unknown>>

/**
 * Every check of the call as a question, in the order of the permissions table, grants that concern the caller included.
 * Throws the errors of finding keys; ValidationException where the request names none.
 */
export async function explainedQuestions(call: Call): Promise<Question[]> {
  const operation = call.request.operation
  const input = call.input as Members
  const questions: Question[] = []
  let keyChecks = 0
  for (const check of checksOf(operation)) {
    if (check.when && !(input[check.when] as readonly unknown[] | undefined)?.length) continue
    const action = check.action.slice(check.action.indexOf(':') + 1)
    if (!check.action.startsWith('kms:')) continue
    if (check.resource !== 'key')
      questions.push(resourceQuestion(call, resourceOf(call, check, input), action, check.resource))
    else questions.push(await onKey(call, operation, action, input, keyChecks++))
  }
  return questions
}

function resourceOf(call: Call, check: OperationCheck, input: Members): string {
  switch (check.resource) {
    case 'alias':
      return formatAliasArn(call.kms.home, text(input, 'AliasName'))
    case 'retiringPrincipalArn':
      return text(input, 'RetiringPrincipal')
    default:
      // Tags of a key to be are asked for on the key, whose id is not known yet.
      return check.when === 'Tags' ? call.keyArn('new-key') : '*'
  }
}

async function onKey(
  call: Call,
  operation: OperationName,
  action: string,
  input: Members,
  nth: number,
): Promise<Question> {
  if (operation === 'RetireGrant') {
    const { key, grant } = await retired(call, input)
    return keyQuestion(call, key, action, { retiredGrant: grant })
  }
  const key = await keyOf(call, operation, action, input, nth)
  const childGrant =
    operation === 'CreateGrant'
      ? { childGrant: { ...grantTerms(key, input as never, call.principal.accountId ?? key.accountId), grantId: '' } }
      : {}
  return grantedQuestion(call, key, await keyQuestion(call, key, action, childGrant))
}

async function keyOf(
  call: Call,
  operation: OperationName,
  action: string,
  input: Members,
  nth: number,
): Promise<KeyRecord> {
  if (operation === 'Decrypt' || action === 'ReEncryptFrom') return sourceKey(call, operation, input)
  if (action === 'ReEncryptTo') return findKey(call, text(input, 'DestinationKeyId'), 'keyOrAlias', action)
  if (operation === 'DeleteAlias' || (operation === 'UpdateAlias' && nth === 0)) {
    return findKey(call, text(input, 'AliasName'), 'keyOrAlias', action)
  }
  if (operation === 'CreateAlias' || operation === 'UpdateAlias')
    return findKey(call, text(input, 'TargetKeyId'), 'key')
  return findKey(call, text(input, 'KeyId'), 'keyOrAlias')
}

async function sourceKey(call: Call, operation: OperationName, input: Members): Promise<KeyRecord> {
  const reEncrypt = operation === 'ReEncrypt'
  const keyId = input[reEncrypt ? 'SourceKeyId' : 'KeyId']
  const algorithm = input[reEncrypt ? 'SourceEncryptionAlgorithm' : 'EncryptionAlgorithm'] ?? 'SYMMETRIC_DEFAULT'
  const { key } = await locateSource(call, {
    ciphertext: input.CiphertextBlob as Bytes | undefined,
    keyId: keyId as string | undefined,
    algorithm: algorithm as 'SYMMETRIC_DEFAULT',
    context: undefined,
    action: reEncrypt ? 'ReEncryptFrom' : 'Decrypt',
  })
  return key
}

async function retired(call: Call, input: Members) {
  const rowId =
    input.GrantToken === undefined
      ? grantRowId((await findKey(call, text(input, 'KeyId'), 'key')).keyId, text(input, 'GrantId'))
      : await openGrantToken(call, text(input, 'GrantToken'))
  const grant = await call.find('grant', rowId)
  const key = grant && (await findSettledKey(call, grant.keyId))
  if (!grant || !key) throw grantNotFound()
  return { key, grant }
}

function text(input: Members, member: string): string {
  const value = input[member]
  if (typeof value !== 'string') throw validation(`${member} is required.`)
  return value
}
