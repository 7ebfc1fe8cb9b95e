import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ErrorCode, errorTable } from '../../src/model/errors'
import {
  isOperationName,
  type OperationName,
  operationNames,
  operationOfTarget,
  operations,
} from '../../src/model/operations'
import { shapeOf, structureOf } from '../../src/model/shapes'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const model = JSON.parse(read('scripts/kms-model.json'))

describe('generated files', async () => {
  const { generate } = await import(new URL('scripts/generate-model.mjs', root).href)
  const files = Object.entries(generate() as Record<string, string>)

  it('are five', () =>
    expect(files.map(([name]) => name).sort()).toEqual([
      'checks.ts',
      'errors.ts',
      'operations.ts',
      'shapes.ts',
      'types.ts',
    ]))
  it.each(files)('%s is what the generator writes', (name, text) => {
    expect(read(`src/model/generated/${name}`)).toBe(text)
  })
})

describe('error table', () => {
  it('has the 48 errors of the model and the 15 common ones', () => {
    expect(Object.keys(errorTable)).toHaveLength(model.counts.modelledErrors + model.counts.commonErrors)
  })

  const rows: [ErrorCode, number, string | null][] = [
    ['NotFoundException', 400, 'message'],
    ['DisabledException', 400, 'message'],
    ['DryRunOperationException', 400, 'message'],
    ['DependencyTimeoutException', 500, 'message'],
    ['KMSInternalException', 500, 'message'],
    ['KeyUnavailableException', 500, 'message'],
    ['ValidationException', 400, 'message'],
    ['AccessDeniedException', 400, 'Message'],
    ['SerializationException', 400, 'Message'],
    ['UnknownOperationException', 400, null],
    ['NotAuthorizedException', 400, null],
    ['OptInRequired', 403, 'message'],
    ['ServiceUnavailable', 503, 'message'],
  ]
  it.each(rows)('%s: %i, %s', (code, status, member) => expect(errorTable[code]).toEqual({ status, member }))
})

describe('operations', () => {
  it('are 56', () => expect(operationNames).toHaveLength(56))

  it.each(operationNames)('%s has an input and, unless unit, an output structure', (name) => {
    const { input, output, keyRefs } = operations[name]
    const { members } = structureOf(input)
    expect(Object.keys(members)).toEqual(Object.keys(model.shapes[input].members))
    expect(output).toBe(model.operations[name].output)
    if (output) expect(Object.keys(structureOf(output).members)).toEqual(Object.keys(model.shapes[output].members))
    for (const member of Object.keys(keyRefs)) expect(members).toHaveProperty(member, 'KeyIdType')
    expect(operations[name].dryRun).toBe('DryRun' in members)
    expect(operations[name].grantTokens).toBe('GrantTokens' in members)
    expect(operations[name].recipient).toBe('Recipient' in members)
    expect(operations[name].page !== null).toBe('Marker' in members)
  })

  const unit =
    'CreateAlias DeleteAlias UpdateAlias EnableKey DisableKey EnableKeyRotation DisableKeyRotation PutKeyPolicy RetireGrant RevokeGrant TagResource UntagResource UpdateKeyDescription UpdatePrimaryRegion'
  it('answer without a body as documented', () => {
    expect(operationNames.filter((name) => operations[name].output === null).sort()).toEqual(unit.split(' ').sort())
  })

  const pages: [OperationName, string, number, number][] = [
    ['ListAliases', 'Aliases', 50, 100],
    ['ListKeys', 'Keys', 100, 1000],
    ['ListResourceTags', 'Tags', 50, 50],
    ['ListGrants', 'Grants', 50, 100],
  ]
  it.each(pages)('%s pages %s by %i, at most %i', (name, items, defaultLimit, maxLimit) => {
    expect(operations[name].page).toEqual({ items, defaultLimit, maxLimit })
  })

  it('know CloudTrail and IAM', () => {
    expect(operations.Decrypt).toMatchObject({ readOnly: true, actions: ['kms:Decrypt'], crossAccount: 'yes' })
    expect(operations.RetireGrant).toMatchObject({ readOnly: false, actions: ['kms:RetireGrant'] })
    expect(operations.ReEncrypt.actions).toEqual(['kms:ReEncryptFrom', 'kms:ReEncryptTo'])
    expect(operations.ReEncrypt.keyRefs).toEqual({ SourceKeyId: 'keyOrAlias', DestinationKeyId: 'keyOrAlias' })
    expect(operations.CreateGrant.keyRefs).toEqual({ KeyId: 'key' })
  })

  it.each(['toString', '__proto__', 'constructor', 'encrypt', ''])('%j is none', (text) => {
    expect(isOperationName(text)).toBe(false)
    expect(operationOfTarget(`TrentService.${text}`)).toBeUndefined()
  })

  it.each([
    ['TrentService.Encrypt', 'Encrypt'],
    ['trentservice.Encrypt', undefined],
    ['Encrypt', undefined],
    ['TrentService.Encrypt ', undefined],
  ])('target %j names %s', (target, name) => expect(operationOfTarget(target)).toBe(name))
})

describe('shapes', () => {
  it.each(['NoSuchType', '__proto__', 'toString'])('%s is refused', (name) =>
    expect(() => shapeOf(name)).toThrow(RangeError),
  )
  it('a scalar is no structure', () => expect(() => structureOf('KeyIdType')).toThrow(RangeError))
})
