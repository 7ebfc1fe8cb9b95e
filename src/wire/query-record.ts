import { boundMember } from '../audit/size'
import type { QueryInput, QueryValue } from '../identity/query-types'
import { auditedPrincipal, type Principal } from '../policy/principal'
import type { AuditEntry, JsonObject, JsonValue } from '../ports/audit'
import type { QueryInbound } from './types'

/** One call of the Query protocol, and how it ended. */
export interface QueryOutcome {
  readonly service: QueryInbound['service']
  readonly action: string
  readonly input: QueryInput
  /** Undefined for a call whose credential is a web identity token. */
  readonly principal: Principal | undefined
  readonly eventId: string
  readonly requestId: string
  /** Wall clock, ms. */
  readonly nowMs: number
  readonly sourceIp?: string | undefined
  readonly userAgent?: string | undefined
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/** Parameters that are credentials, whatever the action: no record holds them. */
const credential = /token|password|assertion|secret|privatekey/i
const maxDepth = 8

/**
 * The record of a call of IAM or STS. Parameters in lowerCamelCase, credentials left out, over 100 KB replaced by what
 * CloudTrail puts there. Source: CloudTrail user guide, logging IAM and STS calls.
 */
export function queryRecord(outcome: QueryOutcome): AuditEntry {
  const { service, action, input, principal, eventId, requestId, nowMs, sourceIp, userAgent, error } = outcome
  const { Action: _, Version: __, ...members } = input
  const parameters = shown(members, 0) as JsonObject
  return {
    eventId,
    requestId,
    eventName: action,
    eventSource: `${service}.amazonaws.com`,
    wallMs: nowMs,
    serviceMs: nowMs,
    principal: principal ? auditedPrincipal(principal) : null,
    ...(sourceIp === undefined ? {} : { sourceIp }),
    ...(userAgent === undefined ? {} : { userAgent }),
    parameters: Object.keys(parameters).length ? boundMember('requestParameters', parameters) : null,
    response: null,
    ...(error ? { error } : {}),
  }
}

function shown(value: QueryValue, depth: number): JsonValue {
  if (typeof value === 'string') return value
  if (depth > maxDepth) return null
  if (Array.isArray(value)) return (value as readonly QueryValue[]).map((item) => shown(item, depth + 1))
  const members = Object.entries(value as QueryInput).flatMap(([name, member]) =>
    member === undefined || credential.test(name) ? [] : [[camel(name), shown(member, depth + 1)] as const],
  )
  return Object.fromEntries(members)
}

const camel = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)
