import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { operationNames, operations } from '../../../src/model/operations'
import { structureOf } from '../../../src/model/shapes'
import type { AuditEntry } from '../../../src/ports/audit'
import { perform } from '../../../src/service/perform'
import { rootPrincipal } from '../compose'
import { isErrorCode, must, newKey, type Open, trail, unknownId, watched } from './harness'

const hostile = [
  '',
  'null',
  '[]',
  '"x"',
  '1',
  '{',
  '{"KeyId":}',
  '{"KeyId":"a",}',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  `{"KeyId":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`,
  '{"__proto__":{"KeyId":"x"},"constructor":{"prototype":{}}}',
  '{"KeyId":"x","KeyId":{"toString":"y"}}',
  '{"KeyId":1e400,"Limit":1e400,"NumberOfBytes":-1e400,"PendingWindowInDays":9007199254740993}',
  '{"KeyId":"\\ud800","Description":"\\udfff","AliasName":"\\u0000"}',
  '{"Plaintext":"====","CiphertextBlob":"AA=A","KeyId":"\\u202e"}',
  '{"EncryptionContext":{"a":null},"Tags":[null],"GrantTokens":[[]]}',
  '{"EncryptionContext":[],"Tags":{},"TagKeys":"a"}',
  '{"Limit":1.5,"Marker":""}',
  '\ufeff{}',
]

/** Bodies that get further: the right members with values that may fit. */
const likely = (operation: (typeof operationNames)[number], keyId: string): fc.Arbitrary<string> => {
  const { members } = structureOf(operations[operation].input)
  const value = fc.oneof(
    fc.constantFrom(keyId, unknownId, 'alias/a', 'AAAA', 'SYMMETRIC_DEFAULT', 'AES_256', 'default', '{}'),
    fc.constantFrom<unknown>(1, 7, true, null, {}, [], ['a'], [{ TagKey: 'a', TagValue: 'b' }], { a: 'b' }),
    fc.jsonValue({ maxDepth: 2 }),
  )
  const fields = Object.fromEntries(Object.keys(members).map((member) => [member, value]))
  return fc.record(fields, { requiredKeys: [] }).map((body) => JSON.stringify(body))
}

export function fuzz(open: Open, numRuns: number): void {
  describe('any request', () => {
    it('gets an answer of the model, writes nothing but its record if refused, and harms no other', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const { kms: seen, commits } = watched(kms)
      const ask = async (operation: (typeof operationNames)[number], json: string) => {
        commits.length = 0
        const result = await perform(seen, { principal: rootPrincipal, operation, body: { json }, requestId: 'r' })
        const text = `${operation} ${json.slice(0, 300)}`
        if (!result.ok) {
          expect(isErrorCode(result.error.code), text).toBe(true)
          expect(result.error.code, text).not.toBe('KMSInternalException')
          expect(
            commits.flatMap((one) => one.changes),
            text,
          ).toEqual([])
        }
        const records = commits.flatMap((one) =>
          one.appends.flatMap((each) => (each.kind === 'audit' ? [JSON.parse(each.json) as AuditEntry] : [])),
        )
        expect(records.filter((entry) => entry.requestId === 'r').length, text).toBe(1)
      }
      for (const operation of operationNames) {
        for (const json of hostile) await ask(operation, json)
        const bodies = fc.oneof(
          { weight: 4, arbitrary: likely(operation, KeyId) },
          { weight: 1, arbitrary: fc.json() },
          { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 50 }) },
        )
        await fc.assert(
          fc.asyncProperty(bodies, (json) => ask(operation, json)),
          { numRuns },
        )
      }
      expect(kms.faults).toEqual([])
      const sound = await newKey(kms)
      const sealed = await must(kms, 'Encrypt', { KeyId: sound.KeyId, Plaintext: Uint8Array.of(1) })
      expect((await must(kms, 'Decrypt', { CiphertextBlob: sealed.CiphertextBlob })).Plaintext).toEqual(
        Uint8Array.of(1),
      )
      expect((await trail(kms)).length).toBeGreaterThan(operationNames.length * hostile.length)
    })
  })
}
