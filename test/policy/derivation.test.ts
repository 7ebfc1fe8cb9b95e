import { describe, expect, it } from 'vitest'
import { decide } from '../../src/policy/decision'
import { derive } from '../../src/policy/derivation'
import { account, alice, keyArn, session } from './asking'
import { allowing, delegating, grant, policy, question, shut } from './questions'

describe('derive', () => {
  it('shows every policy, grant and step of a delegation', () => {
    const asked = question({
      policies: {
        scp: [[policy('scp', [{}], 'FullAWSAccess' as 'scp')]],
        identity: [
          policy('identity', [{ Action: 's3:*' }, { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }]),
        ],
        boundary: policy('boundary', [{ Resource: 'arn:aws:kms:eu-west-1:*' }]),
      },
      rcp: [policy('rcp', [{ Effect: 'Deny', Action: 'kms:Encrypt' }])],
      grants: [grant({ operations: ['Encrypt'] }), grant({ grantId: 'g2', granteePrincipal: 'x' })],
    })
    expect(derive(asked)).toEqual({
      caller: { kind: 'user', arn: alice.arn, accountId: account },
      action: 'kms:Decrypt',
      resource: keyArn,
      decidedBy: 'key',
      policies: [
        {
          kind: 'scp',
          name: 'FullAWSAccess',
          counts: true,
          statements: [{ index: 0, effect: 'Allow', level: 'direct', applies: true }],
        },
        {
          kind: 'rcp',
          name: 'rcp',
          counts: true,
          statements: [{ index: 0, effect: 'Deny', level: 'direct', applies: false, mismatch: { element: 'Action' } }],
        },
        {
          kind: 'boundary',
          name: 'boundary',
          counts: true,
          statements: [
            { index: 0, effect: 'Allow', level: 'direct', applies: false, mismatch: { element: 'Resource' } },
          ],
        },
        {
          kind: 'identity',
          name: 'identity',
          counts: true,
          statements: [
            { index: 0, effect: 'Allow', level: 'direct', applies: false, mismatch: { element: 'Action' } },
            {
              index: 1,
              effect: 'Allow',
              level: 'direct',
              applies: false,
              mismatch: { element: 'Condition', condition: 'Bool aws:SecureTransport' },
            },
          ],
        },
        {
          kind: 'key',
          name: 'key',
          counts: true,
          statements: [
            { index: 0, sid: 'Enable IAM User Permissions', effect: 'Allow', level: 'account', applies: true },
          ],
        },
      ],
      grants: [
        { grantId: 'g1', mismatch: 'Operations' },
        { grantId: 'g2', mismatch: 'Grantee' },
      ],
      steps: [
        { step: 'explicit deny', outcome: 'passed', by: [] },
        { step: 'service control policies', outcome: 'passed', by: [] },
        {
          step: 'key policy',
          outcome: 'not enough',
          by: [
            { kind: 'statement', policyKind: 'key', policy: 'key', statement: 'Enable IAM User Permissions' },
            { kind: 'missing', policyKind: 'boundary' },
          ],
        },
        { step: 'grants', outcome: 'not enough', by: [] },
      ],
      decision: {
        allowed: false,
        denial: 'implicit',
        by: [{ kind: 'missing', policyKind: 'boundary' }],
        because: 'because no permissions boundary allows the kms:Decrypt action',
      },
    })
  })

  const steps: [what: string, asked: ReturnType<typeof question>, ...steps: string[]][] = [
    ['allowed', question({ policies: { identity: [allowing] } }), 'explicit deny: passed', 'key policy: allowed'],
    ['denied', question({ keyPolicy: policy('key', [{ Effect: 'Deny' }]) }), 'explicit deny: denied'],
    [
      'by a grant',
      question({ keyPolicy: shut, grants: [grant()] }),
      'explicit deny: passed',
      'key policy: not enough',
      'grants: allowed',
    ],
    [
      'without a key',
      question({ keyPolicy: null, action: 'kms:ListKeys' }),
      'explicit deny: passed',
      'identity: not enough',
    ],
    [
      'RetireGrant by the account',
      question({
        action: 'kms:RetireGrant',
        retiredGrant: grant({ granteePrincipal: 'x' }),
        policies: { identity: [allowing] },
      }),
      'explicit deny: passed',
      'retire: passed',
      'identity: allowed',
    ],
  ]
  it.each(steps)('steps: %s', (_what, asked, ...expected) => {
    const derivation = derive(asked)
    expect(derivation.steps.map(({ step, outcome }) => `${step}: ${outcome}`)).toEqual(expected)
    expect(derivation.decision).toEqual(decide(asked))
  })

  it('says why a grant fails even where a policy has decided', () => {
    const limited = { identity: [allowing], session: [policy('session', [{ Action: 's3:*' }])] }
    const grants = [grant({ granteePrincipal: session.parentArn ?? '' }), grant({ granteePrincipal: session.arn })]
    const keyPolicy = policy('key', [{ Effect: 'Deny' }])
    const { grants: shown } = derive(question({ caller: session, policies: limited, keyPolicy, grants }))
    expect(shown).toEqual([{ grantId: 'g1', mismatch: 'Permission' }, { grantId: 'g1' }])
  })

  it('marks the key policy of RetireGrant as one that does not count', () => {
    const { policies } = derive(question({ action: 'kms:RetireGrant', retiredGrant: grant() }))
    expect(policies).toMatchObject([{ kind: 'key', counts: false }])
  })

  it('is plain JSON without values of the request', () => {
    const Condition = { StringEquals: { 'kms:EncryptionContext:patient': 'Mallory' } }
    const asked = question({
      keyPolicy: policy('key', [{ Condition }]),
      encryptionContext: { patient: 'Bob' },
      grants: [grant({ constraints: { EncryptionContextEquals: { patient: 'Carol' } } })],
      context: { 'kms:EncryptionContext:patient': 'Bob' },
    })
    const derivation = derive(asked)
    const text = JSON.stringify(derivation)
    expect(JSON.parse(text)).toEqual(derivation)
    expect(text).not.toMatch(/Mallory|Bob|Carol/)
    expect(text).toContain('StringEquals kms:EncryptionContext:patient')
  })

  it('takes the default policy as it is', () => {
    expect(derive(question()).policies).toMatchObject([{ name: delegating.name, statements: [{ level: 'account' }] }])
  })
})
