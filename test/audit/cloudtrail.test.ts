import { describe, expect, it } from 'vitest'
import { type CloudTrailRecord, renderRecord } from '../../src/audit/cloudtrail'
import { auditParameters } from '../../src/audit/parameters'
import { auditAdditional, auditResponse, loggedResponses } from '../../src/audit/response'
import { jsonBytes, recordLimits } from '../../src/audit/size'
import type { OperationName, OperationOutput } from '../../src/model/operations'
import { isOperationName, operationNames, operations } from '../../src/model/operations'
import type { Principal } from '../../src/policy/principal'
import type { AuditEntry, JsonObject } from '../../src/ports/audit'
import examples from '../vectors/cloudtrail-examples.json'
import { alice, entry, home, keyArn, root } from './entries'

type Fields = { [member: string]: unknown }
type Example = Omit<CloudTrailRecord, 'tlsDetails' | 'userIdentity'> & {
  readonly userIdentity: {
    readonly [M in 'type' | 'principalId' | 'accountId' | 'accessKeyId' | 'userName' | 'arn' | 'invokedBy']?: string
  } & {
    readonly sessionContext?: {
      readonly sessionIssuer: { readonly arn: string; readonly userName: string }
      readonly attributes: { readonly creationDate: string }
    }
  }
  readonly tlsDetails?: Record<string, string>
  readonly sharedEventID?: string
}
const group = (name: 'operations' | 'internalEvents' | 'variants') =>
  Object.entries(examples[name] as unknown as Record<string, { readonly record: Example }>).map(
    ([title, { record }]) => [title, record] as const,
  )

// From a record back to the API: written apart from the code under test.
const apiNames: Record<string, string> = { clusterId: 'CloudHsmClusterId', aWSAccountId: 'AWSAccountId' }
const apiName = (name: string) => apiNames[name] ?? name.charAt(0).toUpperCase() + name.slice(1)
const freePairs = /ontext/
const dates = new Set(['validTo', 'creationDate', 'deletionDate'])

function toApi(value: unknown, name = ''): unknown {
  if (dates.has(name)) return new Date(`${value} UTC`)
  if (Array.isArray(value)) return value.map((item) => toApi(item))
  if (typeof value !== 'object' || value === null || (freePairs.test(name) && name !== '')) return value
  return Object.fromEntries(Object.entries(value).map(([member, item]) => [apiName(member), toApi(item, member)]))
}

/** Members that the caller need not have sent: the record shows them all the same. */
const unsent: Record<string, readonly string[]> = {
  CreateKey: Object.keys(examples.operations.CreateKey.record.requestParameters).map(apiName),
  Decrypt: ['EncryptionAlgorithm'],
  Encrypt: ['EncryptionAlgorithm'],
  PutKeyPolicy: ['BypassPolicyLockoutSafetyCheck'],
  ReEncrypt: ['SourceEncryptionAlgorithm', 'DestinationEncryptionAlgorithm'],
  ReplicateKey: ['BypassPolicyLockoutSafetyCheck', 'Description'],
}
const secrets = {
  Plaintext: new Uint8Array(4),
  CiphertextBlob: new Uint8Array(4),
  GrantTokens: ['t'],
  Message: new Uint8Array(4),
}

function inputOf(record: Example): Fields {
  const input = { ...(toApi(record.requestParameters ?? {}) as Fields), ...secrets } as Fields
  for (const member of unsent[record.eventName] ?? []) delete input[member]
  return input
}

function principalOf({ userIdentity: who }: Example): Principal {
  const { type, principalId = '', accountId = '', accessKeyId = '', userName = '', arn = '', invokedBy = '' } = who
  if (type === 'AWSService') return { kind: 'service', accountId: null, service: invokedBy }
  if (type !== 'IAMUser') {
    const [roleId = '', sessionName = ''] = principalId.split(':')
    const issuer = who.sessionContext?.sessionIssuer
    const issuedAtMs = Date.parse(who.sessionContext?.attributes.creationDate ?? '2026-11-24T00:00:00Z')
    const roleName = issuer?.userName ?? 'Partner'
    const path = issuer ? issuer.arn.slice(issuer.arn.indexOf(':role') + 5, issuer.arn.lastIndexOf('/') + 1) : '/'
    const session = { issuedAtMs, expiresAtMs: issuedAtMs + 3_600_000 }
    return { kind: 'role-session', accountId, accessKeyId, roleId, roleName, path, sessionName, session }
  }
  const path = arn.slice(arn.indexOf(':user') + 5, arn.lastIndexOf('/') + 1)
  return { kind: 'user', accountId, accessKeyId, userId: principalId, userName, path }
}

/** The entry that the service would have kept of this call. */
function entryOf(record: Example): AuditEntry {
  const name = record.eventName
  const isInternal = record.userIdentity.invokedBy === 'AWS Internal' && !record.userIdentity.type
  const wallMs = Date.parse(record.eventTime)
  const shared = {
    eventId: record.eventID,
    eventName: name,
    wallMs,
    serviceMs: wallMs,
    ...(record.requestID === undefined ? {} : { requestId: record.requestID }),
    ...(record.resources ? { resources: record.resources.map(({ ARN }) => ARN) } : {}),
  }
  if (isInternal || !isOperationName(name)) {
    const serviceEvent = record.serviceEventDetails ? { serviceEvent: record.serviceEventDetails } : {}
    return { ...shared, principal: null, parameters: null, response: record.responseElements, ...serviceEvent }
  }
  const { errorCode, errorMessage } = record
  const error = errorCode && {
    code: errorCode === 'AccessDenied' ? 'AccessDeniedException' : errorCode,
    ...(errorMessage === undefined ? {} : { message: errorMessage }),
  }
  const additional = record.additionalEventData && additionalOf(name, record.additionalEventData)
  return {
    ...shared,
    principal: principalOf(record),
    ...(record.sharedEventID === undefined ? {} : { sharedEventId: record.sharedEventID }),
    ...(record.userIdentity.type && record.userIdentity.type !== 'AWSService' && record.userIdentity.invokedBy
      ? { invokedBy: record.userIdentity.invokedBy }
      : {}),
    ...(record.sourceIPAddress === undefined ? {} : { sourceIp: record.sourceIPAddress }),
    ...(record.userAgent === undefined ? {} : { userAgent: record.userAgent }),
    ...(record.tlsDetails?.clientProvidedHostHeader ? { host: record.tlsDetails.clientProvidedHostHeader } : {}),
    parameters:
      name === 'RetireGrant' ? auditParameters(name, { GrantToken: 't' }) : auditParameters(name, inputOf(record)),
    response: error ? null : responseOf(name, record.responseElements),
    ...(additional ? { additional } : {}),
    ...(error ? { error } : {}),
    decision: 'statement 1 of the key policy',
  }
}

function responseOf(name: OperationName, shown: JsonObject | null) {
  const { keyId, ...rest } = (shown ?? {}) as Record<string, JsonObject | string>
  const output = { ...(toApi(rest) as Fields), KeyId: 'as the API answers', GrantToken: 't', ...secrets }
  return auditResponse(
    name,
    output as never as OperationOutput[typeof name],
    typeof keyId === 'string' ? keyId : undefined,
  )
}

/** From the answer where it names the material, handed over for Encrypt; other facts come from the operations. */
function additionalOf(name: OperationName, shown: JsonObject): JsonObject {
  const material = name === 'Encrypt' ? (shown.keyMaterialId as string) : undefined
  return auditAdditional(name, toApi(shown) as never as OperationOutput[typeof name], material) ?? shown
}

function expectSame(actual: CloudTrailRecord, expected: Example, without: readonly string[] = []) {
  const { tlsDetails, sharedEventID, ...rest } = expected
  const host = tlsDetails && { tlsDetails: { clientProvidedHostHeader: tlsDetails.clientProvidedHostHeader } }
  const wanted: Fields = { ...rest, ...host, ...(sharedEventID ? { sharedEventID } : {}) }
  expect(Object.keys(actual)).toEqual(Object.keys(expected))
  const compared = (record: object) =>
    Object.fromEntries(Object.entries(record).filter(([member]) => !without.includes(member)))
  expect(compared(actual)).toEqual(compared(wanted))
}

describe('example records', () => {
  it.each(group('operations'))('%s', (name, record) => {
    expect(isOperationName(name)).toBe(true)
    expectSame(renderRecord(entryOf(record), home), record)
  })

  it.each(group('internalEvents'))('%s', (_, record) => {
    expectSame(renderRecord(entryOf(record), home), record)
  })

  // The rest needs VPC endpoints, enclaves, key stores, multi-Region keys or the sessions of EC2 itself.
  const known = new Set([
    'AccessDenied',
    'IncorrectKeyException',
    'KMSInvalidStateException',
    'InvalidCiphertextException',
    'CrossAccountOwner',
    'CrossAccountCaller',
    'ForwardedByService',
    'ServicePrincipal',
  ])
  it.each(group('variants').filter(([name]) => known.has(name)))('%s', (_, record) => {
    const reader = { ...home, accountId: record.recipientAccountId }
    expectSame(renderRecord(entryOf(record), reader), record)
  })

  it('was asked about each of them', () => {
    expect(
      group('operations')
        .map(([name]) => name)
        .sort(),
    ).toEqual([...operationNames].sort())
    expect([...known].filter((name) => !Object.hasOwn(examples.variants, name))).toEqual([])
  })
})

describe('responseElements', () => {
  it('has a row for each operation that changes something, but those of key stores that AWS logs without', () => {
    const without = operationNames.filter((name) => !operations[name].readOnly && !loggedResponses[name])
    expect(without).toEqual([
      'ConnectCustomKeyStore',
      'DeleteCustomKeyStore',
      'DisconnectCustomKeyStore',
      'UpdateCustomKeyStore',
    ])
    expect(operationNames.filter((name) => operations[name].readOnly && loggedResponses[name])).toEqual([])
  })

  it('names the key although the API answers nothing', () => {
    expect(auditResponse('EnableKey', undefined, keyArn)).toEqual({ keyId: keyArn })
  })

  it('does not name the key beside the metadata that does', () => {
    const shown = auditResponse('CreateKey', { KeyMetadata: { KeyId: 'k', AWSAccountId: '1' } }, keyArn)
    expect(shown).toEqual({ keyMetadata: { keyId: 'k', aWSAccountId: '1' } })
  })
})

describe('userIdentity', () => {
  it('of root', () => {
    expect(renderRecord(entry({ principal: root }), home).userIdentity).toEqual({
      type: 'Root',
      principalId: '111111111111',
      arn: 'arn:aws:iam::111111111111:root',
      accountId: '111111111111',
      accessKeyId: 'AKIAEXAMPLEROOT00001',
    })
  })

  it('of a user with a path', () => {
    expect(renderRecord(entry(), home).userIdentity.arn).toBe('arn:aws:iam::111111111111:user/team/alice')
  })

  it('of a foreign account', () => {
    const foreign = { ...alice, accountId: '222222222222' }
    expect(renderRecord(entry({ principal: foreign }), home).userIdentity).toEqual({
      type: 'AWSAccount',
      principalId: alice.kind === 'user' && alice.userId,
      accountId: '222222222222',
    })
  })
})

describe('renderRecord', () => {
  it('holds both times where they differ', () => {
    const wallMs = Date.UTC(2026, 10, 2, 9, 0, 0, 999)
    const moved = renderRecord(
      entry({ wallMs, serviceMs: wallMs + 86_400_000, additional: { keyMaterialId: 'm' } }),
      home,
    )
    expect(moved.eventTime).toBe('2026-11-02T09:00:00Z')
    expect(moved.additionalEventData).toEqual({ keyMaterialId: 'm', serviceClockTime: '2026-11-03T09:00:00.999Z' })
    expect(renderRecord(entry({ wallMs }), home)).not.toHaveProperty('additionalEventData')
  })

  it('takes the owner of a resource from its ARN', () => {
    const foreign = 'arn:aws:kms:us-east-1:222222222222:alias/a'
    expect(renderRecord(entry({ resources: [foreign] }), home).resources).toEqual([
      { accountId: '222222222222', type: 'AWS::KMS::Key', ARN: foreign },
    ])
    expect(renderRecord(entry({ resources: [] }), home).resources).toEqual([])
  })

  it('shows no answer of a failed call and no decision', () => {
    const failed = entry({
      eventName: 'EnableKey',
      response: { keyId: keyArn },
      error: { code: 'NotFoundException' },
      decision: 'why',
    })
    const record = renderRecord(failed, home)
    expect(record.responseElements).toBeNull()
    expect(record.requestParameters).toEqual({ keyId: 'k' })
    expect(record).not.toHaveProperty('errorMessage')
    expect(JSON.stringify(record)).not.toContain('why')
  })

  it.each([
    ['ASCII', 'x'.repeat(2000), 'x'.repeat(1024)],
    ['just fits', 'x'.repeat(1024), 'x'.repeat(1024)],
    ['three bytes a character', '\u20ac'.repeat(400), '\u20ac'.repeat(341)],
    ['four bytes a character', `x${'\u{1f511}'.repeat(300)}`, `x${'\u{1f511}'.repeat(255)}`],
    ['lone surrogate', `${'x'.repeat(1023)}\ud800`, 'x'.repeat(1023)],
  ])('cuts texts at 1 KB: %s', (_, long, cut) => {
    const record = renderRecord(entry({ userAgent: long, error: { code: 'ValidationException', message: long } }), home)
    expect([record.userAgent, record.errorMessage]).toEqual([cut, cut])
  })

  it('stays below 256 KB with everything at its limit', () => {
    const of = (bytes: number) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) })
    const full = entry({
      eventName: 'ReplicateKey',
      parameters: of(102400),
      response: of(102400),
      additional: of(28 * 1024),
      userAgent: 'x'.repeat(9999),
      host: 'x'.repeat(9999),
      resources: [`${keyArn}${'x'.repeat(2048)}`, keyArn],
    })
    const record = renderRecord(full, home)
    expect([record.requestParameters, record.responseElements]).toEqual([of(102400), of(102400)])
    expect(record.additionalEventData).toEqual(of(28 * 1024))
    expect(jsonBytes(record as never)).toBeLessThan(recordLimits.record)
  })

  it('leaves out what is larger', () => {
    const large = { text: 'x'.repeat(102400) }
    const record = renderRecord(
      entry({ eventName: 'CreateKey', parameters: large, response: large, additional: large }),
      home,
    )
    const omitted = { omitted: true, originalSize: 102411 }
    expect(record.requestParameters).toEqual({ reason: 'requestParameters too large', ...omitted })
    expect(record.responseElements).toEqual({ reason: 'responseElements too large', ...omitted })
    expect(record.additionalEventData).toEqual({ reason: 'additionalEventData too large', ...omitted })
  })
})
