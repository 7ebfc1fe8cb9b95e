import { KmsError } from '../../model/errors'

/**
 * Every way a signature is refused, with AWS's text. Codes are those of the JSON protocol; the Query protocol renames
 * them (src/wire/query.ts). Source: docs/behaviour.md, authentication errors.
 */
const incomplete = (message: string) => new KmsError('IncompleteSignatureException', message)
const invalid = (message: string) => new KmsError('InvalidSignatureException', message)

export const missingAuthentication = () =>
  new KmsError('MissingAuthenticationTokenException', 'Missing Authentication Token')

export const unsupportedAlgorithm = (algorithm: string) => incomplete(`Unsupported AWS 'algorithm': '${algorithm}'.`)

export const notKeyValue = (part: string, header: string) =>
  incomplete(`'${part}' not a valid key=value pair (missing equal-sign) in Authorization header: '${header}'.`)

/** The algorithm alone is echoed, not the whole header: the header holds a signature, and errors are logged. */
export const incompleteHeader = (missing: readonly string[], dateMissing: boolean, algorithm: string) =>
  incomplete(
    [
      ...missing.map((name) => `Authorization header requires '${name}' parameter.`),
      ...(dateMissing ? ["Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."] : []),
      `Authorization=${algorithm}`,
    ].join(' '),
  )

export const incompleteQuery = (missing: readonly string[]) =>
  incomplete(
    [
      ...missing.map((name) => `AWS query-string parameters must include '${name}'.`),
      'Re-examine the query-string parameters.',
    ].join(' '),
  )

export const badExpires = () => incomplete('X-Amz-Expires must be a number of seconds between 1 and 604800.')

export const hostNotSigned = () => invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")

export const headerNotSigned = (name: string) => invalid(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`)

export const badDate = (text: string) =>
  incomplete(`Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`)

/** `window` in words: `5 min.` */
export const expired = (signedAt: string, limit: string, now: string, window: string) =>
  invalid(`Signature expired: ${signedAt} is now earlier than ${limit} (${now} - ${window})`)

export const notYetCurrent = (signedAt: string, limit: string, now: string) =>
  invalid(`Signature not yet current: ${signedAt} is still later than ${limit} (${now} + 5 min.)`)

export const badCredential = (credential: string) =>
  incomplete(
    `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
  )

// Problems of a scope are concatenated, each with its trailing space; the last one has none.
export const wrongRegion = 'Credential should be scoped to a valid region. '
export const wrongService = (service: string) => `Credential should be scoped to correct service: '${service}'. `
export const wrongTerminator = (terminator: string) =>
  `Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'. `
export const wrongScopeDate = (scopeDate: string, httpDate: string, timestamp: string) =>
  `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scopeDate}' != '${httpDate}', from '${timestamp}'.`
export const badScope = (problems: string) => invalid(problems)

export const signatureMismatch = () =>
  invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )

export const unknownKey = () =>
  new KmsError('UnrecognizedClientException', 'The security token included in the request is invalid.')

export const expiredToken = () =>
  new KmsError('ExpiredTokenException', 'The security token included in the request is expired')
