import { isOperationName, operations } from '../model/operations'
import { type Principal, principalArn, principalUserId, roleArn, type Session, userArn } from '../policy/principal'
import type { AuditEntry, JsonObject } from '../ports/audit'
import { boundMember, cutText } from './size'

/** The account and Region whose log is read: `recipientAccountId` and `awsRegion` of its records. */
export interface AuditHome {
  readonly accountId: string
  readonly region: string
}

export interface CloudTrailResource {
  /** The owner of the key. */
  readonly accountId: string
  readonly type: 'AWS::KMS::Key'
  readonly ARN: string
}

/** A record in CloudTrail's shape, its members in CloudTrail's order (CloudTrail user guide, record contents). */
export interface CloudTrailRecord {
  readonly eventVersion: '1.11'
  readonly userIdentity: JsonObject
  /** UTC, whole seconds: `2026-11-02T09:00:00Z`. Wall clock at completion. */
  readonly eventTime: string
  /** `kms.amazonaws.com`, `iam.amazonaws.com`, … */
  readonly eventSource: string
  readonly eventName: string
  readonly awsRegion: string
  readonly sourceIPAddress?: string
  readonly userAgent?: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly requestParameters: JsonObject | null
  readonly responseElements: JsonObject | null
  readonly additionalEventData?: JsonObject
  readonly requestID?: string
  readonly eventID: string
  readonly readOnly: boolean
  readonly resources?: readonly CloudTrailResource[]
  readonly eventType: 'AwsApiCall' | 'AwsServiceEvent'
  readonly managementEvent: true
  readonly recipientAccountId: string
  readonly eventCategory: 'Management'
  readonly tlsDetails?: { readonly clientProvidedHostHeader: string }
  /** The same in the records that several accounts hold of one call. */
  readonly sharedEventID?: string
  readonly serviceEventDetails?: JsonObject
}

const internalName = 'AWS Internal'
const kmsSource = 'kms.amazonaws.com'

/**
 * One audit entry as CloudTrail would show it.
 *
 * A denied call shows neither parameters nor resources, whatever its entry holds, and its code without `Exception`, as
 * AWS does. An entry without a request id is an event of the service itself (AwsServiceEvent). `tlsDetails` has only
 * what the service knows, the host that the client asked for.
 *
 * Our one addition stands in `additionalEventData`, whose members AWS leaves to each service: `serviceClockTime`, ISO
 * 8601 UTC with milliseconds, the service clock at completion, present only when clock control has moved that clock
 * away from the wall clock.
 *
 * Texts are cut at 1 KB; requestParameters, responseElements and serviceEventDetails over 100 KB and
 * additionalEventData over 28 KB are replaced by `{reason, omitted, originalSize}`. So the whole stays below 256 KB:
 * events with serviceEventDetails have no parameters.
 */
export function renderRecord(entry: AuditEntry, home: AuditHome): CloudTrailRecord {
  const { principal, error } = entry
  const denied = error?.code === 'AccessDeniedException' || error?.code === 'AccessDenied'
  // A call without principal is one whose credential is a token of somebody else's; KMS itself has no such calls.
  const isInternal = principal === null && entry.eventSource === undefined
  // A service that calls, for itself or for somebody, stands in the place of the connection.
  const service = isInternal ? internalName : principal?.kind === 'service' ? principal.service : entry.invokedBy
  const sourceIPAddress = service ?? entry.sourceIp
  const userAgent = service ?? entry.userAgent
  const additional = additionalData(entry)
  return {
    eventVersion: '1.11',
    userIdentity: principal
      ? { ...userIdentity(principal, home), ...(entry.invokedBy === undefined ? {} : { invokedBy: entry.invokedBy }) }
      : isInternal
        ? { accountId: home.accountId, invokedBy: internalName }
        : { type: 'WebIdentityUser' },
    eventTime: `${new Date(entry.wallMs).toISOString().slice(0, 19)}Z`,
    eventSource: entry.eventSource ?? kmsSource,
    eventName: entry.eventName,
    awsRegion: home.region,
    ...(sourceIPAddress === undefined ? {} : { sourceIPAddress }),
    ...(userAgent === undefined ? {} : { userAgent: cutText(userAgent) }),
    ...(error ? { errorCode: denied ? 'AccessDenied' : error.code } : {}),
    ...(error?.message ? { errorMessage: cutText(error.message) } : {}),
    requestParameters: denied ? null : bounded('requestParameters', entry.parameters),
    responseElements: error ? null : bounded('responseElements', entry.response),
    ...(additional ? { additionalEventData: boundMember('additionalEventData', additional) } : {}),
    ...(entry.requestId === undefined ? {} : { requestID: entry.requestId }),
    eventID: entry.eventId,
    readOnly: isReadOnly(entry),
    ...(entry.resources && !denied ? { resources: entry.resources.map((arn) => resource(arn, home)) } : {}),
    eventType: entry.requestId === undefined ? 'AwsServiceEvent' : 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: home.accountId,
    eventCategory: 'Management',
    ...(entry.host === undefined || service !== undefined
      ? {}
      : { tlsDetails: { clientProvidedHostHeader: cutText(entry.host) } }),
    ...(entry.sharedEventId === undefined ? {} : { sharedEventID: entry.sharedEventId }),
    ...(entry.serviceEvent ? { serviceEventDetails: boundMember('serviceEventDetails', entry.serviceEvent) } : {}),
  }
}

/** A caller from another account is shown to the owner of the key without the names of that account's users. */
function userIdentity(principal: Principal, home: AuditHome): JsonObject {
  if (principal.kind === 'service') return { type: 'AWSService', invokedBy: principal.service }
  const { accountId, accessKeyId } = principal
  const principalId = principalUserId(principal)
  if (accountId !== home.accountId) return { type: 'AWSAccount', principalId, accountId }
  const known = { principalId, arn: principalArn(principal), accountId, accessKeyId }
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', ...known, ...(principal.session ? { sessionContext: attributes(principal.session) } : {}) }
    case 'user': {
      const { userName, session } = principal
      return { type: 'IAMUser', ...known, userName, ...(session ? { sessionContext: attributes(session) } : {}) }
    }
    case 'role-session': {
      const { roleId, roleName, session } = principal
      const sessionIssuer = {
        type: 'Role',
        principalId: roleId,
        arn: roleArn(principal),
        accountId,
        userName: roleName,
      }
      return { type: 'AssumedRole', ...known, sessionContext: { sessionIssuer, ...attributes(session) } }
    }
    case 'federated-user': {
      const { issuer, session } = principal
      const sessionIssuer = issuer
        ? { type: 'IAMUser', principalId: issuer.userId, arn: userArn({ accountId, ...issuer }), accountId }
        : { type: 'Root', principalId: accountId, arn: `arn:aws:iam::${accountId}:root`, accountId }
      const userName = issuer ? { userName: issuer.userName } : {}
      const sessionContext = { sessionIssuer: { ...sessionIssuer, ...userName }, ...attributes(session) }
      return { type: 'FederatedUser', ...known, sessionContext }
    }
  }
}

const attributes = ({ issuedAtMs, sourceIdentity }: Session): JsonObject => ({
  ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  attributes: { creationDate: `${new Date(issuedAtMs).toISOString().slice(0, 19)}Z`, mfaAuthenticated: 'false' },
})

function additionalData(entry: AuditEntry): JsonObject | undefined {
  if (entry.serviceMs === entry.wallMs) return entry.additional
  return { ...entry.additional, serviceClockTime: new Date(entry.serviceMs).toISOString() }
}

const bounded = (member: 'requestParameters' | 'responseElements', value: JsonObject | null) =>
  value && boundMember(member, value)

/**
 * The service's own events change something; so do operations that the model does not know to be reading. Of other
 * services the name tells; giving out temporary credentials counts as reading (CloudTrail user guide, STS events).
 */
function isReadOnly({ eventSource = kmsSource, eventName }: AuditEntry): boolean {
  if (eventSource === kmsSource) return isOperationName(eventName) && operations[eventName].readOnly
  return /^(?:Get|List|Lookup|Simulate|Assume|Decode)/.test(eventName)
}

/** Aliases have the type of a key too. The fifth part of an ARN is its account. */
const resource = (arn: string, home: AuditHome): CloudTrailResource => ({
  accountId: arn.split(':', 5)[4] || home.accountId,
  type: 'AWS::KMS::Key',
  ARN: arn,
})
