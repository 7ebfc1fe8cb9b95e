/**
 * Who calls, as plain data: it crosses Durable Object RPC and postMessage. Roles, federated users and services join
 * the union when their protocols do; nothing may assume that a principal is one of the two kinds below.
 */
export type Principal = RootPrincipal | UserPrincipal

/** The root user of an account. IAM policies cannot limit it. */
export interface RootPrincipal {
  readonly kind: 'root'
  /** 12 digits. */
  readonly accountId: string
  readonly accessKeyId: string
}

export interface UserPrincipal {
  readonly kind: 'user'
  /** 12 digits. */
  readonly accountId: string
  readonly accessKeyId: string
  /** The unique id, `AIDA…`; a user made anew under the same name has another one. */
  readonly userId: string
  readonly userName: string
  /** Begins and ends with a slash; `/` unless the user lives deeper. */
  readonly path: string
}

/** `arn:aws:iam::{account}:root` or `arn:aws:iam::{account}:user{path}{name}`. */
export function principalArn(principal: Principal): string {
  const account = `arn:aws:iam::${principal.accountId}`
  switch (principal.kind) {
    case 'root':
      return `${account}:root`
    case 'user':
      return `${account}:user${principal.path}${principal.userName}`
  }
}

/** The value of `aws:userid` and of GetCallerIdentity's UserId: the account id for root, `AIDA…` for a user. */
export function principalUserId(principal: Principal): string {
  switch (principal.kind) {
    case 'root':
      return principal.accountId
    case 'user':
      return principal.userId
  }
}
