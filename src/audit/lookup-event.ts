import type { AuditEntry, JsonObject } from '../ports/audit'
import { type AuditHome, type CloudTrailRecord, renderRecord } from './cloudtrail'
import type { LookupInput } from './lookup-input'

export interface LookupResource {
  readonly ResourceType: string
  readonly ResourceName: string
}

/** One item of LookupEvents' Events, its members in the order of the API reference. */
export interface LookupEvent {
  readonly EventId: string
  readonly EventName: string
  /** `true` or `false`, as text. */
  readonly ReadOnly: 'true' | 'false'
  /** Absent on events of the service itself, like Username. */
  readonly AccessKeyId?: string
  /** Whole seconds since the epoch. */
  readonly EventTime: number
  readonly EventSource: string
  readonly Username?: string
  /** Keys and aliases; empty for reading and cryptographic operations. */
  readonly Resources: readonly LookupResource[]
  /** The record as JSON text. */
  readonly CloudTrailEvent: string
}

/** All that a filter can ask about. */
type EventFacts = Omit<LookupEvent, 'CloudTrailEvent'>

/** An entry as LookupEvents shows it, undefined when it is not among those asked for. */
export function lookupEvent(entry: AuditEntry, input: LookupInput, home: AuditHome): LookupEvent | undefined {
  if (!isInTime(entry, input) || !mayMatch(entry, input)) return undefined
  const record = renderRecord(entry, home)
  const facts = factsOf(entry, record)
  return matches(facts, input) ? { ...facts, CloudTrailEvent: JSON.stringify(record) } : undefined
}

export const eventSeconds = (entry: AuditEntry): number => Math.floor(entry.wallMs / 1000)

function isInTime(entry: AuditEntry, { startSeconds = -Infinity, endSeconds = Infinity }: LookupInput): boolean {
  const seconds = eventSeconds(entry)
  return seconds >= startSeconds && seconds <= endSeconds
}

/** Spares rendering what the commonest filters refuse. */
function mayMatch(entry: AuditEntry, { attribute }: LookupInput): boolean {
  if (attribute?.key === 'EventName') return entry.eventName === attribute.value
  if (attribute?.key === 'EventId') return entry.eventId === attribute.value
  if (attribute?.key === 'AccessKeyId') {
    const { principal } = entry
    return principal !== null && principal.kind !== 'service' && principal.accessKeyId === attribute.value
  }
  if (attribute?.key === 'ResourceName') return entry.resources?.includes(attribute.value) ?? false
  return true
}

function factsOf(entry: AuditEntry, record: CloudTrailRecord): EventFacts {
  const { accessKeyId } = record.userIdentity
  const name = username(record.userIdentity)
  const resources = record.readOnly ? [] : (record.resources ?? [])
  return {
    EventId: record.eventID,
    EventName: record.eventName,
    ReadOnly: record.readOnly ? 'true' : 'false',
    ...(typeof accessKeyId === 'string' ? { AccessKeyId: accessKeyId } : {}),
    EventTime: eventSeconds(entry),
    EventSource: record.eventSource,
    ...(name === undefined ? {} : { Username: name }),
    Resources: resources.map(({ type, ARN }) => ({ ResourceType: type, ResourceName: ARN })),
  }
}

/** The name of an IAM user, `root`, or undefined for a caller whose account keeps its names to itself. */
function username({ type, userName }: JsonObject): string | undefined {
  if (type === 'Root') return 'root'
  return typeof userName === 'string' ? userName : undefined
}

function matches(event: EventFacts, { attribute }: LookupInput): boolean {
  if (!attribute) return true
  const { key, value } = attribute
  if (key === 'ResourceType' || key === 'ResourceName') {
    return event.Resources.some((resource) => resource[key] === value)
  }
  return event[key] === value
}
