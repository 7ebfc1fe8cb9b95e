import { KmsError } from '../model/errors'

/** Refusals of policy documents. AWS publishes few texts (docs/behaviour.md, policy documents); the others are our own. */
export const malformedPolicy = (message: string) => new KmsError('MalformedPolicyDocumentException', message)

export const noPrincipal = () => malformedPolicy('Policy contains a statement with no principal.')

/** A principal that does not exist, cannot be one (a group, part of an ARN with a wildcard), or is gone. */
export const invalidPrincipals = () =>
  malformedPolicy('Policy contains a statement with one or more invalid principals.')

/** The caller could not call PutKeyPolicy again (docs/behaviour.md, lockout safety check). */
export const lockoutRefused = () =>
  malformedPolicy('The new key policy will not allow you to update the key policy in the future.')

export const missingField = (field: string) => malformedPolicy(`Missing required field ${field}`)

/** `what`: `encryption context` or `tag`. */
export const overlyPermissive = (what: string) =>
  malformedPolicy(
    `OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`,
  )
