/**
 * A refusal of the service: `code` and `message` are AWS's, such as `DisabledException`. `UnknownError`: an answer that is
 * not the service's own, such as a proxy's page. Never quotes a request.
 */
export class KmsRequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** Finds the call in the audit log; undefined where the answer names none. */
    readonly requestId: string | undefined,
    /** HTTP status. */
    readonly status: number,
  ) {
    super(message)
    // As in the AWS SDKs, so that `error.name` tells errors of both apart in the same way.
    this.name = code
  }
}
