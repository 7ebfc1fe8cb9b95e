import { describe, expect, it } from 'vitest'
import type { CallRequest } from '../../../src/operations/kms'
import { alice, bob, rootArn, sourceArn, userArn, withGrantees } from './grant-harness'
import { attempt, bytes, codeOf, must, type Open } from './harness'

const context = { app: 'a', stage: 'test' }
const statement = (over: object) =>
  JSON.stringify({ Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...over } })
const from = (arn: string): Partial<CallRequest> => ({
  forwarding: { viaService: 'rds.eu-west-1.amazonaws.com', sourceArn: arn },
})
const elsewhere = sourceArn.replace('orders', 'others')
const equals = { Constraints: { EncryptionContextEquals: context } }
const subset = { Constraints: { EncryptionContextSubset: { app: 'a' } } }
const childOf = (over: object): object => ({ GranteePrincipal: userArn('bob'), Operations: ['Encrypt'], ...over })
const source = { SourceArn: sourceArn }

/** What a parent grant lets its grantee hand on. */
const children: readonly (readonly [what: string, parent: object, child: object, passes: boolean])[] = [
  ['the same operation', {}, {}, true],
  ['another operation', {}, { Operations: ['Decrypt'] }, false],
  ['one operation too many', {}, { Operations: ['Encrypt', 'Decrypt'] }, false],
  ['CreateGrant too', {}, { Operations: ['Encrypt', 'CreateGrant'] }, true],
  ['RetireGrant, which the parent lacks', {}, { Operations: ['Encrypt', 'RetireGrant'] }, false],
  ['a constraint of its own', {}, subset, true],
  ['subset, the same', subset, subset, true],
  ['subset, more pairs', subset, { Constraints: { EncryptionContextSubset: context } }, true],
  ['subset, equals with these pairs', subset, equals, true],
  ['subset, other pairs', subset, { Constraints: { EncryptionContextSubset: { stage: 'test' } } }, false],
  ['subset, none', subset, {}, false],
  ['equals, the same', equals, equals, true],
  ['equals, a subset', equals, subset, false],
  ['equals, none', equals, {}, false],
  ['a source, the same', { Constraints: source }, { Constraints: source }, true],
  ['a source, another one', { Constraints: source }, { Constraints: { SourceArn: elsewhere } }, false],
  ['a source, none', { Constraints: source }, {}, false],
]

const outcome = (passes: boolean) => (passes ? 'ok' : 'AccessDeniedException')

export function grantChildren(open: Open): void {
  describe('grants that grants allow', () => {
    it('hand on no more than they hold', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const [found, wanted]: Record<string, string>[] = [{}, {}]
      for (const [what, parent, child, passes] of children) {
        const { GrantId } = await grant({ Operations: ['Encrypt', 'CreateGrant'], ...parent })
        const sent = 'Constraints' in parent && 'SourceArn' in (parent.Constraints as object) ? from(sourceArn) : {}
        const result = await attempt(kms, 'CreateGrant', { KeyId, ...childOf(child) }, alice, sent)
        ;(wanted as Record<string, string>)[what] = outcome(passes)
        ;(found as Record<string, string>)[what] = codeOf(result)
        await must(kms, 'RevokeGrant', { KeyId, GrantId })
        if (!result.ok) continue
        // The child lives on without its parent.
        const [left] = (await must(kms, 'ListGrants', { KeyId })).Grants
        expect(left).toMatchObject({ GranteePrincipal: userArn('bob'), IssuingAccount: rootArn })
        await must(kms, 'RevokeGrant', { KeyId, GrantId: left?.GrantId as string })
      }
      expect(found).toEqual(wanted)
    })

    it('do not bind whom a policy allows to create grants', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      kms.identity.add(alice, { policies: { p: statement({ Action: 'kms:CreateGrant' }) } })
      await grant({ Operations: ['Encrypt', 'CreateGrant'], ...equals })
      expect(codeOf(await attempt(kms, 'CreateGrant', { KeyId, ...childOf({ Operations: ['Decrypt'] }) }, alice))).toBe(
        'ok',
      )
      expect(codeOf(await attempt(kms, 'Decrypt', { KeyId, CiphertextBlob: bytes(1) }, bob))).toBe(
        'InvalidCiphertextException',
      )
    })
  })
}
