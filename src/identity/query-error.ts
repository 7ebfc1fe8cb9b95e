/**
 * A refusal of a Query service (STS, IAM), which has codes and statuses of its own. Thrown inside, XML outside.
 * Source: IAM and STS API references, errors of each action and common errors.
 */
export class QueryError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message)
    this.name = code
  }
}

export const validationError = (message: string) => new QueryError('ValidationError', message, 400)
export const malformedPolicy = (message: string) => new QueryError('MalformedPolicyDocument', message, 400)

/** `User: {arn} is not authorized to perform: {action} on resource: {resource} {clause}` */
export const queryDenied = (arn: string, action: string, resource: string, clause: string) =>
  new QueryError(
    'AccessDenied',
    `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${clause}`,
    403,
  )
