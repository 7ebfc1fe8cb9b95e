import { isOperationName, operations } from '../model/operations'
import { type Principal, principalArn, principalUserId } from '../policy/principal'
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
  readonly eventSource: 'kms.amazonaws.com'
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
  readonly serviceEventDetails?: JsonObject
}

const internalName = 'AWS Internal'

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
  const denied = error?.code === 'AccessDeniedException'
  const sourceIPAddress = principal ? entry.sourceIp : internalName
  const userAgent = principal ? entry.userAgent : internalName
  const additional = additionalData(entry)
  return {
    eventVersion: '1.11',
    userIdentity: principal ? userIdentity(principal, home) : { accountId: home.accountId, invokedBy: internalName },
    eventTime: `${new Date(entry.wallMs).toISOString().slice(0, 19)}Z`,
    eventSource: 'kms.amazonaws.com',
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
    readOnly: isReadOnly(entry.eventName),
    ...(entry.resources && !denied ? { resources: entry.resources.map((arn) => resource(arn, home)) } : {}),
    eventType: entry.requestId === undefined ? 'AwsServiceEvent' : 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: home.accountId,
    eventCategory: 'Management',
    ...(entry.host === undefined || !principal
      ? {}
      : { tlsDetails: { clientProvidedHostHeader: cutText(entry.host) } }),
    ...(entry.serviceEvent ? { serviceEventDetails: boundMember('serviceEventDetails', entry.serviceEvent) } : {}),
  }
}

/** A caller from another account is shown to the owner of the key without the names of that account's users. */
function userIdentity(principal: Principal, home: AuditHome): JsonObject {
  const { accountId, accessKeyId } = principal
  const principalId = principalUserId(principal)
  if (accountId !== home.accountId) return { type: 'AWSAccount', principalId, accountId }
  const arn = principalArn(principal)
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', principalId, arn, accountId, accessKeyId }
    case 'user':
      return { type: 'IAMUser', principalId, arn, accountId, accessKeyId, userName: principal.userName }
  }
}

function additionalData(entry: AuditEntry): JsonObject | undefined {
  if (entry.serviceMs === entry.wallMs) return entry.additional
  return { ...entry.additional, serviceClockTime: new Date(entry.serviceMs).toISOString() }
}

const bounded = (member: 'requestParameters' | 'responseElements', value: JsonObject | null) =>
  value && boundMember(member, value)

/** The service's own events change something; so do operations that the model does not know to be reading. */
const isReadOnly = (eventName: string): boolean => isOperationName(eventName) && operations[eventName].readOnly

/** Aliases have the type of a key too. The fifth part of an ARN is its account. */
const resource = (arn: string, home: AuditHome): CloudTrailResource => ({
  accountId: arn.split(':', 5)[4] || home.accountId,
  type: 'AWS::KMS::Key',
  ARN: arn,
})
