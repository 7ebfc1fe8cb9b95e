/**
 * Who calls, as plain data: it crosses Durable Object RPC and postMessage. Source: IAM user guide, request context;
 * docs/behaviour.md, principals.
 */
export type Principal = SignedPrincipal | ServicePrincipal

/** A caller with an access key: everybody who comes through the doors of the wire. */
export type SignedPrincipal = RootPrincipal | UserPrincipal | RoleSessionPrincipal | FederatedUserPrincipal

interface Credentialed {
  /** 12 digits. */
  readonly accountId: string
  readonly accessKeyId: string
}

/** The root user of an account. IAM policies cannot limit it. */
export interface RootPrincipal extends Credentialed {
  readonly kind: 'root'
  /** Of temporary credentials alone (GetSessionToken). */
  readonly session?: Session
}

export interface UserPrincipal extends Credentialed {
  readonly kind: 'user'
  /** The unique id, `AIDA…`; a user made anew under the same name has another one. */
  readonly userId: string
  readonly userName: string
  /** Begins and ends with a slash; `/` unless the user lives deeper. */
  readonly path: string
  /** Of temporary credentials alone (GetSessionToken). */
  readonly session?: Session
}

/** A session of a role: AssumeRole, AssumeRoleWithWebIdentity. */
export interface RoleSessionPrincipal extends Credentialed {
  readonly kind: 'role-session'
  /** The unique id of the role, `AROA…`. */
  readonly roleId: string
  readonly roleName: string
  /** Of the role. */
  readonly path: string
  readonly sessionName: string
  readonly session: Session
}

/** GetFederationToken: a name that a user, or the root user, has vouched for. */
export interface FederatedUserPrincipal extends Credentialed {
  readonly kind: 'federated-user'
  readonly name: string
  /** Absent when the root user made the session. */
  readonly issuer?: { readonly userId: string; readonly userName: string; readonly path: string }
  readonly session: Session
}

/** A service that calls for itself. Only code of this process can be one; no door of the wire lets one in. */
export interface ServicePrincipal {
  readonly kind: 'service'
  /** Services belong to no account. */
  readonly accountId: null
  /** `rds.amazonaws.com` and the like. */
  readonly service: string
}

/** What temporary credentials carry. Times in ms since the epoch, wall clock. */
export interface Session {
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** The long-term access key that made a session of a user or of root; the session ends with it. */
  readonly issuerAccessKeyId?: string
  /** Session policies: documents as text, and ARNs of managed policies. */
  readonly policies?: readonly string[]
  readonly policyArns?: readonly string[]
  /** Session tags; of equal names they win over the tags of the role or user. */
  readonly tags?: Readonly<Record<string, string>>
  /** Names of the tags that go on to the next session of a chain. */
  readonly transitiveTagKeys?: readonly string[]
  readonly sourceIdentity?: string
  /** `aws:FederatedProvider` of a web identity: the ARN of its provider. */
  readonly federatedProvider?: string
}

/** The caller's own ARN as error texts, grants and Principal elements write it; a service's name. */
export function principalArn(principal: Principal): string {
  switch (principal.kind) {
    case 'root':
      return `arn:aws:iam::${principal.accountId}:root`
    case 'user':
      return userArn(principal)
    case 'role-session':
      return `arn:aws:sts::${principal.accountId}:assumed-role/${principal.roleName}/${principal.sessionName}`
    case 'federated-user':
      return `arn:aws:sts::${principal.accountId}:federated-user/${principal.name}`
    case 'service':
      return principal.service
  }
}

/** `arn:aws:iam::{account}:user{path}{name}` */
export const userArn = (user: { accountId: string; path: string; userName: string }): string =>
  `arn:aws:iam::${user.accountId}:user${user.path}${user.userName}`

/** `arn:aws:iam::{account}:role{path}{name}` */
export const roleArn = (role: { accountId: string; path: string; roleName: string }): string =>
  `arn:aws:iam::${role.accountId}:role${role.path}${role.roleName}`

/** The value of `aws:userid` and of GetCallerIdentity's UserId; a service's name. */
export function principalUserId(principal: Principal): string {
  switch (principal.kind) {
    case 'root':
      return principal.accountId
    case 'user':
      return principal.userId
    case 'role-session':
      return `${principal.roleId}:${principal.sessionName}`
    case 'federated-user':
      return `${principal.accountId}:${principal.name}`
    case 'service':
      return principal.service
  }
}

/** The principal as records keep it: a session without its policies and tags, which may be long and private. */
export function auditedPrincipal(principal: Principal): Principal {
  if (!('session' in principal) || !principal.session) return principal
  const { policies: _, policyArns: __, tags: ___, transitiveTagKeys: ____, ...session } = principal.session
  return { ...principal, session }
}
