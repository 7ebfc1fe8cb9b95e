import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { childFits, grantAllows, granteeLevel, grantMismatch, isRootOf, retiringLevel } from '../../src/policy/grants'
import type { CallerFacts, GrantFacts } from '../../src/policy/types'
import { account, alice, anonymous, cloudtrail, federated, root, session } from './asking'
import { grant, otherAccount, rootArn } from './questions'

const role = session.parentArn ?? ''

describe('granteeLevel and retiringLevel', () => {
  const cases: [what: string, named: string, caller: CallerFacts, level: string | undefined][] = [
    ['the user', alice.arn, alice, 'direct'],
    ['the user in other case', alice.arn.replace('alice', 'Alice'), alice, undefined],
    ['another user', `${alice.arn}2`, alice, undefined],
    ['the session', session.arn, session, 'direct'],
    ['another session', `${session.arn}8`, session, undefined],
    ['its role', role, session, 'role'],
    ['the role without its path', role.replace('team/', ''), session, undefined],
    ['the federated user', federated.arn, federated, 'direct'],
    ['the user who vouches for it', alice.arn, federated, undefined],
    ['the account', rootArn(account), alice, 'account'],
    ['another account', rootArn(otherAccount), alice, undefined],
    ['the account, to its root', rootArn(account), root, 'direct'],
    ['a service by a principal’s name', cloudtrail.arn, cloudtrail, undefined],
    ['nobody in particular', '', anonymous, undefined],
  ]
  it.each(cases)('%s', (_what, named, caller, level) => {
    expect(granteeLevel(grant({ granteePrincipal: named }), caller)).toBe(level)
    expect(retiringLevel(grant({ granteePrincipal: 'x', retiringPrincipal: named }), caller)).toBe(level)
  })

  it('a service by its own name', () => {
    const { granteePrincipal: _, ...bare } = grant()
    expect(granteeLevel({ ...bare, granteeServicePrincipal: cloudtrail.arn }, cloudtrail)).toBe('direct')
    expect(granteeLevel({ ...bare, granteeServicePrincipal: 'sns.amazonaws.com' }, cloudtrail)).toBeUndefined()
    expect(granteeLevel({ ...bare, granteeServicePrincipal: alice.arn }, alice)).toBeUndefined()
  })

  const pinned: [named: string, caller: CallerFacts, id: string, level: string | undefined][] = [
    [alice.arn, alice, alice.uniqueId ?? '', 'direct'],
    [alice.arn, alice, 'AIDAFORMERALICE', undefined],
    [role, session, session.uniqueId ?? '', 'role'],
    [role, session, 'AROAFORMERROLE', undefined],
    [session.arn, session, session.uniqueId ?? '', 'direct'],
    [session.arn, session, 'AROAFORMERROLE', undefined],
  ]
  it.each(pinned)('%s, pinned', (named, caller, id, level) => {
    expect(granteeLevel(grant({ granteePrincipal: named, pins: { [named]: id } }), caller)).toBe(level)
    expect(granteeLevel(grant({ granteePrincipal: named, pins: { other: 'x' } }), caller)).toBeDefined()
  })
})

describe('isRootOf', () => {
  it.each([
    ['arn:aws:iam::111122223333:root', true],
    ['arn:aws-us-gov:iam::111122223333:root', true],
    ['111122223333', false],
    ['arn:aws:iam::444455556666:user/x::111122223333:root', false],
    ['x::111122223333:root', false],
    [undefined, false],
  ])('%s: %s', (arn, is) => expect(isRootOf(arn, account)).toBe(is))
})

describe('grantMismatch', () => {
  const Department = { Department: 'IT' }
  const two = { Department: 'IT', Purpose: 'Test' }
  type Case = [
    what: string,
    constraints: GrantFacts['constraints'],
    asked: { operation?: string | null; context?: Record<string, string>; source?: string },
    mismatch: string | undefined,
  ]
  const cases: Case[] = [
    ['nothing asked', {}, {}, undefined],
    ['another operation', {}, { operation: 'Encrypt' }, 'Operations'],
    ['a longer name', {}, { operation: 'DecryptX' }, 'Operations'],
    ['no grant can allow', {}, { operation: null }, 'Operations'],
    ['equals', { EncryptionContextEquals: Department }, { context: Department }, undefined],
    ['equals, a pair more', { EncryptionContextEquals: Department }, { context: two }, 'EncryptionContext'],
    ['equals, a pair less', { EncryptionContextEquals: two }, { context: Department }, 'EncryptionContext'],
    ['equals nothing', { EncryptionContextEquals: {} }, {}, undefined],
    ['subset, a pair more', { EncryptionContextSubset: Department }, { context: two }, undefined],
    ['subset, none', { EncryptionContextSubset: Department }, {}, 'EncryptionContext'],
    ['subset, other value', { EncryptionContextSubset: { toString: 'x' } }, {}, 'EncryptionContext'],
    [
      'subset, case of names',
      { EncryptionContextSubset: Department },
      { context: { department: 'IT' } },
      'EncryptionContext',
    ],
    [
      'subset and equals, both count',
      { EncryptionContextSubset: two, EncryptionContextEquals: Department },
      { context: Department },
      'EncryptionContext',
    ],
    ['context and DescribeKey', { EncryptionContextEquals: two }, { operation: 'DescribeKey' }, undefined],
    ['context and RetireGrant', { EncryptionContextEquals: two }, { operation: 'RetireGrant' }, undefined],
    ['source', { SourceArn: 'arn:a' }, { source: 'arn:a' }, undefined],
    ['source, none', { SourceArn: 'arn:a' }, {}, 'SourceArn'],
    ['source is no pattern', { SourceArn: 'arn:*' }, { source: 'arn:a' }, 'SourceArn'],
    ['source and DescribeKey', { SourceArn: 'arn:a' }, { operation: 'DescribeKey' }, 'SourceArn'],
    ['source and RetireGrant', { SourceArn: 'arn:a' }, { operation: 'RetireGrant' }, undefined],
    ['CreateGrant without a child', {}, { operation: 'CreateGrant' }, 'ChildGrant'],
  ]
  it.each(cases)('%s', (_what, constraints, { operation = 'Decrypt', context, source }, mismatch) => {
    const asked = {
      caller: alice,
      grantOperation: operation,
      ...(context ? { encryptionContext: context } : {}),
      sourceArn: () => source,
    }
    const operations = ['Decrypt', 'DescribeKey', 'RetireGrant', 'CreateGrant']
    expect(grantMismatch(grant({ operations, ...(constraints ? { constraints } : {}) }), asked)).toBe(mismatch)
  })

  it('another grantee, whatever else', () => {
    const asked = { caller: session, grantOperation: 'Decrypt', sourceArn: () => undefined }
    expect(grantMismatch(grant(), asked)).toBe('Grantee')
  })

  it('CreateGrant with a child: one that fits', () => {
    const parent = grant({ operations: ['Decrypt', 'CreateGrant'] })
    const asked = { caller: alice, grantOperation: 'CreateGrant', sourceArn: () => undefined }
    expect(grantAllows(parent, { ...asked, childGrant: grant() })).toBe(true)
    expect(grantAllows(parent, { ...asked, childGrant: grant({ operations: ['Encrypt'] }) })).toBe(false)
  })
})

describe('childFits', () => {
  const one = { a: '1' }
  const two = { a: '1', b: '2' }
  type Constraints = NonNullable<GrantFacts['constraints']>
  const cases: [what: string, parent: Constraints, child: Constraints, fits: boolean][] = [
    ['a free parent', {}, { EncryptionContextSubset: one }, true],
    ['the same subset', { EncryptionContextSubset: one }, { EncryptionContextSubset: one }, true],
    ['a subset with a pair more', { EncryptionContextSubset: one }, { EncryptionContextSubset: two }, true],
    ['a subset with a pair less', { EncryptionContextSubset: two }, { EncryptionContextSubset: one }, false],
    ['equals under subset', { EncryptionContextSubset: one }, { EncryptionContextEquals: two }, true],
    ['nothing under subset', { EncryptionContextSubset: one }, {}, false],
    ['nothing under a subset of nothing', { EncryptionContextSubset: {} }, {}, true],
    ['the same equals', { EncryptionContextEquals: two }, { EncryptionContextEquals: two }, true],
    ['equals with a pair more', { EncryptionContextEquals: one }, { EncryptionContextEquals: two }, false],
    ['subset under equals', { EncryptionContextEquals: one }, { EncryptionContextSubset: one }, false],
    ['the same source', { SourceArn: 's' }, { SourceArn: 's' }, true],
    ['another source', { SourceArn: 's' }, { SourceArn: 't' }, false],
    ['no source', { SourceArn: 's' }, {}, false],
  ]
  it.each(cases)('%s', (_what, parent, child, fits) =>
    expect(childFits(grant({ constraints: parent }), grant({ constraints: child }))).toBe(fits),
  )

  it('operations are a subset', () => {
    const parent = grant({ operations: ['Decrypt', 'CreateGrant'] })
    expect(childFits(parent, grant({ operations: ['CreateGrant'] }))).toBe(true)
    expect(childFits(parent, grant({ operations: ['Decrypt', 'RetireGrant'] }))).toBe(false)
  })

  it('what a child that fits allows, its parent allows', () => {
    const operations = ['Decrypt', 'Encrypt', 'DescribeKey', 'CreateGrant', 'RetireGrant']
    const pairs = fc.dictionary(fc.constantFrom('a', 'b', 'A'), fc.constantFrom('1', '2'), { maxKeys: 2 })
    const some = fc.subarray(operations, { minLength: 1 })
    const constraints = fc.record(
      { EncryptionContextEquals: pairs, EncryptionContextSubset: pairs, SourceArn: fc.constant('arn:s') },
      { requiredKeys: [] },
    )
    const grants = fc.record({ operations: some, constraints }).map((each) => grant(each))
    let fitting = 0
    fc.assert(
      fc.property(grants, grants, grants, pairs, fc.constantFrom(...operations), (...drawn) => {
        const [parent, childDrawn, grandchild, context, grantOperation] = drawn
        const among = (each: string) => parent.operations.includes(each)
        // Most draws would fail on their operations alone.
        const child = { ...childDrawn, operations: childDrawn.operations.filter(among) }
        const encryptionContext = { ...context, ...child.constraints?.EncryptionContextSubset }
        for (const each of [context, encryptionContext, child.constraints?.EncryptionContextEquals ?? {}]) {
          const asked = { caller: alice, grantOperation, encryptionContext: each, sourceArn: () => 'arn:s' }
          const question = { ...asked, childGrant: grandchild }
          if (!childFits(parent, child) || !grantAllows(child, question)) continue
          fitting++
          expect(grantAllows(parent, question)).toBe(true)
        }
      }),
      { numRuns: 5000 },
    )
    expect(fitting).toBeGreaterThan(100)
  })
})
