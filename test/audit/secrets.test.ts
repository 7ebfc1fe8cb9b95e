import { describe, expect, it } from 'vitest'
import model from '../../scripts/kms-model.json'
import { renderRecord } from '../../src/audit/cloudtrail'
import { auditParameters } from '../../src/audit/parameters'
import { auditAdditional, auditResponse } from '../../src/audit/response'
import { encodeBase64, encodeHex, encodeUtf8 } from '../../src/codec/bytes'
import type { OperationName, OperationOutput } from '../../src/model/operations'
import { operationNames } from '../../src/model/operations'
import { entry, home, keyArn } from './entries'

interface ModelShape {
  readonly type: string
  readonly members?: Readonly<Record<string, { readonly shape: string }>>
  readonly member?: { readonly shape: string } | string
}
const shapes = model.shapes as unknown as Readonly<Record<string, ModelShape>>
const facts = model.operations as unknown as Readonly<Record<string, { input: string | null; output: string | null }>>
const scalars: Readonly<Record<string, ModelShape>> = { string: { type: 'string' }, boolean: { type: 'boolean' } }

/** A value that fills every member of a shape: each text and each blob is a marker that says where it stands. */
function fill(shapeName: string, path: string, markers: Map<string, string>): unknown {
  const shape = shapes[shapeName] ?? scalars[shapeName]
  if (!shape) throw new Error(`no shape ${shapeName}`)
  const marker = `<<${path}>>`
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members ?? {}).map(([name, member]) => [
          name,
          fill(member.shape, `${path}.${name}`, markers),
        ]),
      )
    case 'list': {
      const member = typeof shape.member === 'string' ? shape.member : shape.member?.shape
      return [fill(member ?? 'string', path, markers)]
    }
    case 'map':
      markers.set(path, marker)
      return { [marker]: marker }
    case 'blob':
      markers.set(path, marker)
      return encodeUtf8(marker)
    case 'timestamp':
      return new Date(0)
    case 'boolean':
      return true
    case 'integer':
    case 'long':
      return 7
    default:
      markers.set(path, marker)
      return marker
  }
}

/** Each form in which a log could hold the marker. */
const forms = (marker: string) => {
  const bytes = encodeUtf8(marker)
  return [marker, encodeBase64(bytes), encodeHex(bytes), bytes.join(','), JSON.stringify(marker).slice(1, -1)]
}

const shownPaths = (markers: Map<string, string>, text: string) =>
  [...markers].filter(([, marker]) => forms(marker).some((form) => text.includes(form))).map(([path]) => path)

const rendered = (over: Parameters<typeof entry>[0]) => JSON.stringify(renderRecord(entry(over), home))

/** Members that no record may hold, whatever the operation. */
const secret = new Set([
  'Plaintext',
  'Message',
  'CiphertextBlob',
  'SharedSecretCiphertextBlob',
  'SharedSecret',
  'Signature',
  'Mac',
  'PublicKey',
  'PrivateKeyPlaintext',
  'PrivateKeyCiphertextBlob',
  'CiphertextForRecipient',
  'ImportToken',
  'EncryptedKeyMaterial',
  'GrantTokens',
  'GrantToken',
  'KeyStorePassword',
  'XksProxyAuthenticationCredential',
  'TrustAnchorCertificate',
  'Recipient',
])
/** Members without harm that AWS does not show either, by operation; a new member of the model belongs here or there. */
const quiet: Partial<Record<OperationName, readonly string[]>> = {
  CreateCustomKeyStore: [
    'XksProxyUriEndpoint',
    'XksProxyUriPath',
    'XksProxyVpcEndpointServiceName',
    'XksProxyVpcEndpointServiceOwner',
    'XksProxyConnectivity',
  ],
  CreateGrant: ['Name'],
  Decrypt: ['DryRunModifiers'],
  GenerateRandom: ['CustomKeyStoreId'],
  ReEncrypt: ['DryRunModifiers'],
  UpdateCustomKeyStore: [
    'XksProxyUriEndpoint',
    'XksProxyUriPath',
    'XksProxyVpcEndpointServiceName',
    'XksProxyVpcEndpointServiceOwner',
    'XksProxyConnectivity',
  ],
}
const memberOf = (path: string) => path.split('.')[1] as string

it('knows every operation of the model', () => {
  expect([...operationNames].sort()).toEqual(Object.keys(facts).sort())
})

describe.each(operationNames)('%s', (operation) => {
  const markers = new Map<string, string>()
  const input = fill(facts[operation]?.input ?? '', operation, markers)

  it('shows of its request what is meant to be shown, and no secret', () => {
    const shown = shownPaths(markers, rendered({ eventName: operation, parameters: auditParameters(operation, input) }))
    expect(shown.filter((path) => secret.has(memberOf(path)))).toEqual([])
    const meant = [...markers.keys()].filter((path) => {
      const member = memberOf(path)
      return !secret.has(member) && !quiet[operation]?.includes(member)
    })
    expect(shown.sort()).toEqual(meant.sort())
  })

  it('shows no secret of its answer', () => {
    const shape = facts[operation]?.output
    if (!shape) return
    const answers = new Map<string, string>()
    const output = fill(shape, operation, answers) as OperationOutput[typeof operation]
    const additional = auditAdditional(operation, output)
    const text = rendered({
      eventName: operation,
      response: auditResponse(operation, output, keyArn),
      ...(additional ? { additional } : {}),
    })
    expect(shownPaths(answers, text).filter((path) => secret.has(memberOf(path)))).toEqual([])
  })
})
