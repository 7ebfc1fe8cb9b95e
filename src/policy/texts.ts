import { KmsError } from '../model/errors'
import { isOutsider } from './decision'
import { Evaluation } from './evaluation'
import type { Decision, Question } from './types'

/**
 * AccessDeniedException in AWS's words. An outsider whom the key's side does not let in gets the text of a key that does
 * not exist. Source: IAM user guide, access denied error messages; docs/behaviour.md, authorization.
 */
export function accessDenied(question: Question, decision: Decision & { readonly allowed: false }): KmsError {
  const { caller, check, resource } = question
  if (isOutsider(question) && !new Evaluation(question).keySideAdmits())
    return foreignKeyDenied(caller.arn, check.action)
  return new KmsError(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: ${check.action} on resource: ${resource} ${decision.because}`,
  )
}

/** The one answer about a key of another account that is absent, in another Region or not shared. */
export const foreignKeyDenied = (callerArn: string, action: string): KmsError =>
  new KmsError(
    'AccessDeniedException',
    `User: ${callerArn} is not authorized to perform: ${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  )
