import { QueryError } from '../query-error'

/**
 * What IAM refuses, in its own words where they are known; docs/behaviour.md, IAM.
 * Source: IAM API reference, errors of each action; texts as users report them.
 */

const noSuchEntity = (message: string) => new QueryError('NoSuchEntity', message, 404)
const alreadyExists = (message: string) => new QueryError('EntityAlreadyExists', message, 409)
const deleteConflict = (message: string) => new QueryError('DeleteConflict', message, 409)
const limitExceeded = (message: string) => new QueryError('LimitExceeded', message, 409)
const invalidInput = (message: string) => new QueryError('InvalidInput', message, 400)

/** What has a name, as the texts call it. */
export type NamedWord = 'user' | 'group' | 'role'
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

export const notFound = (kind: NamedWord, name: string) =>
  noSuchEntity(`The ${kind} with name ${name} cannot be found.`)
export const nameInUse = (kind: NamedWord, name: string) =>
  alreadyExists(`${capital(kind)} with name ${name} already exists.`)
export const inlineNotFound = (kind: NamedWord, policyName: string) =>
  noSuchEntity(`The ${kind} policy with name ${policyName} cannot be found.`)
export const inlineTooLarge = (kind: NamedWord, name: string, maxChars: number) =>
  limitExceeded(`Maximum policy size of ${maxChars} bytes exceeded for ${kind} ${name}`)
export const tooManyAttached = (kind: NamedWord, max: number) =>
  limitExceeded(`Cannot exceed quota for PoliciesPer${capital(kind)}: ${max}`)

export const accessKeyNotFound = (accessKeyId: string) =>
  noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`)
export const tooManyAccessKeys = (max: number) => limitExceeded(`Cannot exceed quota for AccessKeysPerUser: ${max}`)
export const tooManyGroups = (max: number) => limitExceeded(`Cannot exceed quota for GroupsPerUser: ${max}`)
export const noLoginProfile = (userName: string) => noSuchEntity(`Login Profile for User ${userName} cannot be found.`)
export const noOwnUser = () =>
  new QueryError('ValidationError', 'Must specify userName when calling with non-User credentials', 400)

export const stillInGroup = () => deleteConflict('Cannot delete entity, must remove users from group first.')
export const stillHasPolicies = () => deleteConflict('Cannot delete entity, must delete policies first.')
export const stillAttached = () => deleteConflict('Cannot delete entity, must detach all policies first.')
export const stillHasAccessKeys = () => deleteConflict('Cannot delete entity, must delete access keys first.')

export const policyNotFound = (arn: string) => noSuchEntity(`Policy ${arn} was not found.`)
export const policyNotAttachable = (arn: string) => noSuchEntity(`Policy ${arn} does not exist or is not attachable.`)
export const boundaryNotFound = (arn: string) => noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`)
export const noBoundary = (kind: NamedWord, name: string) =>
  noSuchEntity(`${capital(kind)} ${name} has no permissions boundary.`)
export const policyNameInUse = (name: string) =>
  alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`)
export const policyTooLarge = (maxChars: number) => limitExceeded(`Cannot exceed quota for PolicySize: ${maxChars}`)
export const policyInUse = () => deleteConflict('Cannot delete a policy attached to entities.')
export const policyHasVersions = () =>
  deleteConflict(
    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
  )
export const versionNotFound = (arn: string, versionId: string) =>
  noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`)
export const tooManyVersions = (max: number) =>
  limitExceeded(
    `A managed policy can have up to ${max} versions. Before you create a new version, you must delete an existing version.`,
  )
export const defaultVersion = () => deleteConflict('Cannot delete the default version of a policy.')
export const awsPolicyFixed = (arn: string) =>
  new QueryError('AccessDenied', `Policy ${arn} is managed by AWS and cannot be changed.`, 403)

export const trustTooLarge = (maxChars: number) => limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${maxChars}`)
export const invalidPrincipal = (type: string, value: string) =>
  new QueryError('MalformedPolicyDocument', `Invalid principal in policy: "${type}":"${value}"`, 400)

export const tooManyTags = (max: number) => limitExceeded(`The number of tags has reached the maximum limit of ${max}.`)
export const invalidMarker = () => invalidInput('Invalid Marker.')

export const providerNotFound = (arn: string) => noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`)
export const providerExists = (url: string) => alreadyExists(`Provider with url https://${url} already exists.`)
export const invalidProviderUrl = () => invalidInput('Invalid Open ID Connect Provider URL')
export const invalidThumbprint = () => invalidInput('Thumbprint must be the 40 hexadecimal digits of a SHA-1 digest.')
export const tooManyClientIds = (max: number) =>
  limitExceeded(`Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${max}`)
