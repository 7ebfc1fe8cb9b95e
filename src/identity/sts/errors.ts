import { QueryError } from '../query-error'

/**
 * What STS refuses, in its own words where they are known.
 * Source: AWS STS API reference, errors of each action; texts as users report them.
 */
const refusal = (code: string, message: string, status = 400) => new QueryError(code, message, status)

/** The `Value … at …` form that all model constraints have. */
export const constraint = (value: string | undefined, member: string, words: string) =>
  refusal(
    'ValidationError',
    `1 validation error detected: Value ${value === undefined ? 'null' : `'${value}'`} at '${member}' failed to satisfy constraint: ${words}`,
  )
/** `clause` begins with a blank where there is one. */
export const notAuthorized = (arn: string, action: string, resource: string, clause = '') =>
  refusal('AccessDenied', `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}${clause}`, 403)
export const rootMayNotAssume = () => refusal('AccessDenied', 'Roles may not be assumed by root accounts.', 403)
export const notFromSession = (action: string) =>
  refusal('AccessDenied', `Cannot call ${action} with session credentials`, 403)
export const wrongMfaCode = () =>
  refusal('AccessDenied', 'MultiFactorAuthentication failed with invalid MFA one time pass code.', 403)
export const sourceIdentityFixed = () =>
  refusal('AccessDenied', 'The source identity of a session cannot be changed by role chaining.', 403)
export const packedPolicyTooLarge = () =>
  refusal('PackedPolicyTooLarge', 'Session policies and session tags exceed the size that a session token can hold.')

// Web identity
export const webIdentityDenied = (action = 'sts:AssumeRoleWithWebIdentity') =>
  refusal('AccessDenied', `Not authorized to perform ${action}`, 403)
export const invalidIdentityToken = (message: string) => refusal('InvalidIdentityToken', message)
export const notAJwt = () =>
  invalidIdentityToken('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)')
export const unknownProvider = (issuer: string) =>
  invalidIdentityToken(`No OpenIDConnect provider found in your account for ${issuer}`)
export const wrongAudience = () => invalidIdentityToken('Incorrect token audience')
export const missingClaim = (claim: string) => invalidIdentityToken(`Missing a required claim: ${claim}`)
export const noVerificationKey = () =>
  invalidIdentityToken(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  )
export const tokenNotVerified = () =>
  invalidIdentityToken('The web identity token that was passed could not be validated.')
export const tokenExpired = (nowSeconds: number, expiresSeconds: number) =>
  refusal(
    'ExpiredTokenException',
    `Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${expiresSeconds}`,
  )
export const rejectedClaim = (claim: string) =>
  refusal('IDPRejectedClaim', `The identity provider made a claim that cannot be accepted: ${claim}`, 403)
/** The cause goes to no caller: it may tell of the network behind this service. */
export const providerUnreachable = () =>
  refusal('IDPCommunicationError', 'The identity provider could not be reached for the keys that verify its tokens.')
