import { describe, expect, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../../src/codec/bytes'
import { accountId } from '../compose'
import { TestDirectory } from '../directory'
import { alice, bob, userArn, withGrantees } from './grant-harness'
import { attempt, bytes, codeOf, must, newKey, type Open, range, rootOf, verdict } from './harness'

const invalidToken = 'InvalidGrantTokenException: The grant token is not valid.'
const Plaintext = bytes(1)

export function grantTokens(open: Open): void {
  describe('grant tokens', () => {
    it('say which grant is meant, and never widen it', async () => {
      const { kms, KeyId, arn, grant } = await withGrantees(open)
      const other = await newKey(kms)
      const { GrantToken, GrantId } = await grant()
      const ask = (GrantTokens: string[], principal = alice, key = KeyId) =>
        verdict(kms, 'Encrypt', { KeyId: key, Plaintext, GrantTokens }, principal)
      expect(await ask([GrantToken])).toBe('ok')
      expect(await ask([])).toBe('ok')
      expect(await ask([GrantToken, GrantToken])).toBe('ok')
      expect(await ask([GrantToken], bob)).toMatch(/^AccessDeniedException/)
      expect(await ask([GrantToken], alice, other.KeyId)).toMatch(/^AccessDeniedException/)
      expect(
        codeOf(await attempt(kms, 'Decrypt', { KeyId, CiphertextBlob: bytes(1), GrantTokens: [GrantToken] }, alice)),
      ).toBe('InvalidCiphertextException')
      expect(
        codeOf(await attempt(kms, 'GenerateDataKey', { KeyId, KeySpec: 'AES_256', GrantTokens: [GrantToken] }, alice)),
      ).toBe('AccessDeniedException')
      expect(await ask(range(10).map(() => GrantToken))).toBe('ok')
      expect(await ask(range(11).map(() => GrantToken))).toMatch(/^ValidationException/)

      await must(kms, 'RevokeGrant', { KeyId, GrantId })
      expect(await ask([GrantToken])).toBe(
        `AccessDeniedException: User: ${userArn('alice')} is not authorized to perform: kms:Encrypt on resource: ${arn} because no identity-based policy allows the kms:Encrypt action`,
      )
      expect(await verdict(kms, 'RetireGrant', { GrantToken })).toBe('NotFoundException: Grant not found')
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext, GrantTokens: [GrantToken] })).toBe('ok')
    })

    it('are refused when nobody has given them out', async () => {
      const { kms, KeyId, grant } = await withGrantees(open)
      const { GrantToken } = await grant()
      const sealed = decodeBase64Url(GrantToken) as Bytes
      const flipped = (at: number) => encodeBase64Url(sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)))
      const directory = new TestDirectory()
      const neighbour = await open(undefined, { accountId: '444455556666', directory })
      const foreign = await newKey(neighbour)
      const input = { KeyId: foreign.KeyId, GranteePrincipal: accountId, Operations: ['Encrypt' as const] }
      const theirs = await must(neighbour, 'CreateGrant', input, rootOf(neighbour))
      const elsewhere = { ...kms, home: { ...kms.home, region: 'us-east-1' } }
      const fake = (digits: string) => {
        const bytesOf = Uint8Array.from(sealed)
        for (const i of range(12)) bytesOf[1 + i] = digits.charCodeAt(i)
        return encodeBase64Url(bytesOf)
      }
      const { NextMarker } = await (async () => {
        await grant()
        return must(kms, 'ListGrants', { KeyId, Limit: 1 })
      })()
      const tokens: Record<string, string> = {
        text: 'AQpA',
        nothing: '!',
        'another account': theirs.GrantToken,
        'a marker': NextMarker,
        'the head of another account': fake('444455556666'),
        'no account': fake('44445555666x'),
        truncated: GrantToken.slice(0, -4),
        longer: `${GrantToken}AAAA`,
        padded: `${GrantToken}=`,
        'the longest': 'A'.repeat(8192),
      }
      for (let at = 0; at < sealed.length; at++) tokens[`bit of byte ${at}`] = flipped(at)
      for (const [what, token] of Object.entries(tokens)) {
        for (const principal of [alice, rootOf(kms)]) {
          expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext, GrantTokens: [token] }, principal), what).toBe(
            invalidToken,
          )
        }
        expect(await verdict(kms, 'RetireGrant', { GrantToken: token }), what).toBe(invalidToken)
      }
      expect(await verdict(elsewhere, 'RetireGrant', { GrantToken })).toBe(invalidToken)
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext, GrantTokens: [GrantToken, 'x'] }, alice)).toBe(
        invalidToken,
      )
      expect(kms.faults).toEqual([])
    })
  })
}
