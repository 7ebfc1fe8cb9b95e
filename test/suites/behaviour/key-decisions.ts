import { describe, expect, it } from 'vitest'
import type { Governance } from '../../../src/operations/kms'
import { compilePolicy } from '../../../src/policy/compile'
import type { Principal } from '../../../src/policy/principal'
import { accountId, rootPrincipal, userPrincipal } from '../compose'
import { federatedPrincipal, sessionPrincipal } from '../directory'
import { must, newKey, type Open, verdict } from './harness'

const rootArn = `arn:aws:iam::${accountId}:root`
const aliceArn = `arn:aws:iam::${accountId}:user/alice`
const roleArn = `arn:aws:iam::${accountId}:role/Deployer`
const sessionArn = `arn:aws:sts::${accountId}:assumed-role/Deployer/s1`
const federatedArn = `arn:aws:sts::${accountId}:federated-user/carol`

const allow = (AWS: string | string[], over: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action: 'kms:DescribeKey',
  Resource: '*',
  ...over,
})
const deny = (AWS: string, over: object = {}) => allow(AWS, { Effect: 'Deny', ...over })
const identity = (over: object = {}) =>
  JSON.stringify({ Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...over } })
const denying = identity({ Effect: 'Deny' })

const alice = userPrincipal('alice')
const session = sessionPrincipal('Deployer', 's1')
const limited = sessionPrincipal('Deployer', 's1', { policies: [identity({ Action: 's3:*' })] })
const within = sessionPrincipal('Deployer', 's1', { policies: [identity({ Action: 'kms:Describe*' })] })
const federated = federatedPrincipal('carol', [identity()])

interface Entry {
  readonly policy?: string
  readonly boundary?: string
}

type Outcome = 'ok' | 'key' | 'identity' | 'boundary' | 'session' | 'deny key' | 'deny identity' | 'deny boundary'

const clauses: Readonly<Record<Exclude<Outcome, 'ok'>, string>> = {
  key: 'because no resource-based policy allows the kms:DescribeKey action',
  identity: 'because no identity-based policy allows the kms:DescribeKey action',
  boundary: 'because no permissions boundary allows the kms:DescribeKey action',
  session: 'because no session policy allows the kms:DescribeKey action',
  'deny key': 'with an explicit deny in a resource-based policy',
  'deny identity': 'with an explicit deny in an identity-based policy',
  'deny boundary': 'with an explicit deny in a permissions boundary',
}

type Row = readonly [what: string, caller: Principal, statements: object[], entry: Entry, outcome: Outcome]

const only = identity({ Action: 's3:*' })

/** DescribeKey by whom, under which key policy, with which policies of the caller. */
const rows: Row[] = [
  ['root, delegated', rootPrincipal, [allow(rootArn)], {}, 'ok'],
  ['root, locked out', rootPrincipal, [allow(aliceArn)], {}, 'key'],
  ['root, another action', rootPrincipal, [allow(rootArn, { Action: 'kms:Encrypt' })], {}, 'key'],
  ['root, denied', rootPrincipal, [allow(rootArn), deny(rootArn)], {}, 'deny key'],
  ['user, named', alice, [allow(aliceArn)], {}, 'ok'],
  ['user, named among others', alice, [allow([sessionArn, aliceArn])], {}, 'ok'],
  ['user, everybody', alice, [allow('*')], {}, 'ok'],
  ['user, another one named', alice, [allow(roleArn)], { policy: identity() }, 'key'],
  ['user, delegated without permission', alice, [allow(rootArn)], {}, 'identity'],
  ['user, delegated with permission', alice, [allow(rootArn)], { policy: identity() }, 'ok'],
  [
    'user, permission without delegation',
    alice,
    [allow(rootArn, { Action: 'kms:Get*' })],
    { policy: identity() },
    'key',
  ],
  ['user, named and denied by the key', alice, [allow(aliceArn), deny(aliceArn)], {}, 'deny key'],
  ['user, account denied by the key', alice, [allow(aliceArn), deny(rootArn)], {}, 'deny key'],
  ['user, named and denied at home', alice, [allow(aliceArn)], { policy: denying }, 'deny identity'],
  ['user, named, boundary aside', alice, [allow(aliceArn)], { boundary: only }, 'ok'],
  ['user, named, denied by boundary', alice, [allow(aliceArn)], { boundary: denying }, 'deny boundary'],
  ['user, delegated, boundary aside', alice, [allow(rootArn)], { policy: identity(), boundary: only }, 'boundary'],
  ['user, delegated, inside boundary', alice, [allow(rootArn)], { policy: identity(), boundary: identity() }, 'ok'],
  ['session, named', session, [allow(sessionArn)], {}, 'ok'],
  ['session, another session named', session, [allow(`${sessionArn}2`)], {}, 'key'],
  ['session, role named', session, [allow(roleArn)], {}, 'ok'],
  ['session, role named, boundary aside', session, [allow(roleArn)], { boundary: only }, 'boundary'],
  ['session, role named, session policy aside', limited, [allow(roleArn)], {}, 'session'],
  ['session, role named, inside session policy', within, [allow(roleArn)], {}, 'ok'],
  ['session, itself named, session policy aside', limited, [allow(sessionArn)], {}, 'ok'],
  ['session, delegated', session, [allow(rootArn)], { policy: identity() }, 'ok'],
  ['session, delegated, session policy aside', limited, [allow(rootArn)], { policy: identity() }, 'session'],
  ['session, role denied', session, [allow(sessionArn), deny(roleArn)], {}, 'deny key'],
  ['federated user, named', federated, [allow(federatedArn)], {}, 'ok'],
  ['federated user, its user named', federated, [allow(aliceArn)], {}, 'ok'],
  ['federated user, its user named, no session policy', federatedPrincipal('carol'), [allow(aliceArn)], {}, 'session'],
  ['federated user, delegated', federated, [allow(rootArn)], { policy: identity() }, 'ok'],
  ['federated user, delegated without permission', federated, [allow(rootArn)], {}, 'identity'],
  [
    'all but alice are denied, alice',
    alice,
    [allow('*'), { ...deny('*'), Principal: undefined, NotPrincipal: { AWS: [aliceArn, rootArn] } }],
    {},
    'ok',
  ],
  [
    'all but alice are denied, a session',
    session,
    [allow('*'), { ...deny('*'), Principal: undefined, NotPrincipal: { AWS: [aliceArn, rootArn] } }],
    {},
    'deny key',
  ],
]

export function keyDecisions(open: Open): void {
  describe('decisions of key policies', () => {
    it('weigh who is named, and what limits the caller', async () => {
      const kms = await open()
      kms.identity.add(alice)
      kms.identity.add(session)
      const { KeyId, arn } = await newKey(kms)
      const found: Record<string, string> = {}
      const wanted: Record<string, string> = {}
      for (const [what, caller, statements, { policy, boundary }, outcome] of rows) {
        const entry = { policies: policy === undefined ? {} : { p: policy }, ...(boundary ? { boundary } : {}) }
        kms.identity.add(alice, entry)
        kms.identity.add(session, entry)
        // A statement for the test itself, which otherwise could not go on.
        const keeper = allow(aliceArn, { Action: 'kms:PutKeyPolicy' })
        const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [...statements, keeper] })
        const key = await newKey(kms, { Policy, BypassPolicyLockoutSafetyCheck: true })
        const said = await verdict(kms, 'DescribeKey', { KeyId: key.KeyId }, caller)
        found[what] = said.replace(/^.* on resource: \S+ /, '')
        wanted[what] = outcome === 'ok' ? 'ok' : clauses[outcome]
        if (outcome !== 'ok')
          expect(said, what).toContain(`is not authorized to perform: kms:DescribeKey on resource: ${key.arn} `)
      }
      expect(found).toEqual(wanted)
      expect(await verdict(kms, 'DescribeKey', { KeyId })).toBe('ok')
      expect(arn).toContain(KeyId)
      expect(kms.faults).toEqual([])
    })

    it('let a service in by name alone', async () => {
      const kms = await open()
      const service: Principal = { kind: 'service', accountId: null, service: 'rds.amazonaws.com' }
      const byAccount = await newKey(kms)
      const Statement = [
        allow(rootArn, { Action: 'kms:*' }),
        allow('', { Principal: { Service: 'rds.amazonaws.com' } }),
      ]
      const byName = await newKey(kms, { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) })
      const ask = (KeyId: string, principal = service) => verdict(kms, 'DescribeKey', { KeyId }, principal)
      expect(await ask(byName.KeyId)).toBe('ok')
      expect(await ask(byAccount.KeyId)).toBe(
        `AccessDeniedException: User: rds.amazonaws.com is not authorized to perform: kms:DescribeKey on resource: ${byAccount.arn} ${clauses.key}`,
      )
      expect(await ask(byName.KeyId, { ...service, service: 's3.amazonaws.com' })).toMatch(/^AccessDenied/)
      expect(await verdict(kms, 'ListKeys', {}, service)).toMatch(/^AccessDenied/)
    })

    it('stand inside the policies of an organisation', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const scp = (over: object) => compilePolicy(identity(over), { kind: 'scp', name: 'scp' })
      const rcp = (over: object) =>
        compilePolicy(JSON.stringify({ Statement: deny('*', { Principal: '*', ...over }) }), {
          kind: 'rcp',
          name: 'rcp',
        })
      const governed = (governance: Governance) => {
        const within = { ...kms, governance: () => governance }
        return verdict(within, 'DescribeKey', { KeyId }, rootPrincipal)
      }
      const said = (clause: string) =>
        `AccessDeniedException: User: ${rootArn} is not authorized to perform: kms:DescribeKey on resource: ${arn} ${clause}`
      const lacking = said('because no service control policy allows the kms:DescribeKey action')
      const [whole, other] = [scp({}), scp({ Action: 's3:*' })]
      expect(await governed({ scp: [[whole], [whole]] })).toBe('ok')
      expect(await governed({ scp: [[whole], [other]] })).toBe(lacking)
      expect(await governed({ scp: [[whole], [other, whole]] })).toBe('ok')
      expect(await governed({ scp: [[whole, scp({ Effect: 'Deny' })]] })).toBe(
        said('with an explicit deny in a service control policy'),
      )
      expect(await governed({ rcp: [rcp({})] })).toBe(said('with an explicit deny in a resource control policy'))
      expect(await governed({ rcp: [rcp({ Action: 'kms:Encrypt' })] })).toBe('ok')
      const member = { orgId: 'o-1', orgPaths: ['o-1/r-1/'] }
      const strangers = { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } }
      expect(await governed({ ...member, rcp: [rcp({ Condition: strangers })] })).toBe('ok')
      expect(await governed({ rcp: [rcp({ Condition: strangers })] })).toMatch(/resource control policy$/)
    })

    it('know neither aliases nor operations without a key', async () => {
      const kms = await open()
      kms.identity.add(alice)
      const all = allow(aliceArn, { Action: 'kms:*' })
      const { KeyId } = await newKey(kms, {
        Policy: JSON.stringify({ Statement: [allow(rootArn, { Action: 'kms:*' }), all] }),
      })
      for (const [operation, input] of [
        ['ListKeys', {}],
        ['CreateKey', {}],
        ['GenerateRandom', { NumberOfBytes: 1 }],
        ['CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId }],
      ] as const) {
        expect(await verdict(kms, operation, input, alice), operation).toMatch(
          /because no identity-based policy allows/,
        )
      }
      await must(kms, 'DisableKey', { KeyId }, alice)
    })
  })
}
