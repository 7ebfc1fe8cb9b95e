import type { Case } from '../policy/cases'
import { rootOf } from './case-identities'
import { deployed, kms, otherRoot, root } from './front-door'

/** The keys of decision cases, with their aliases, material and grants. */

/** Both root users may do everything while the world is made. */
export const openPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: [root, otherRoot].map(({ accountId }) => `arn:aws:iam::${accountId}:root`) },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
})

/** A set-up call that must succeed. */
export async function make(region: string, operation: string, input: object, caller = root) {
  const { status, output, code, message } = await kms(deployed, caller, region, operation, input)
  if (status !== 200) throw new Error(`${operation}: ${code} ${message}`)
  return output
}

export type CaseKey = NonNullable<Case['key']>

export async function makeKey(region: string, { spec, usage, origin, tags, aliases }: CaseKey): Promise<string> {
  const { KeyMetadata } = await make(region, 'CreateKey', {
    KeySpec: spec,
    KeyUsage: usage,
    Origin: origin,
    Tags: Object.entries(tags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    Policy: openPolicy,
    BypassPolicyLockoutSafetyCheck: true,
  })
  for (const AliasName of aliases ?? []) {
    await make(region, 'CreateAlias', { AliasName, TargetKeyId: KeyMetadata.KeyId })
  }
  return KeyMetadata.KeyId
}

/** Key material of its own for a key that waits for it: only such a key can open anything. */
export async function bringMaterial(region: string, KeyId: string): Promise<void> {
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
  const { PublicKey, ImportToken } = await make(region, 'GetParametersForImport', { KeyId, ...wrapping })
  const spki = Uint8Array.from(atob(PublicKey), (char) => char.charCodeAt(0))
  const key = await crypto.subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['encrypt'])
  const material = crypto.getRandomValues(new Uint8Array(32))
  const wrapped = new Uint8Array(await crypto.subtle.encrypt('RSA-OAEP', key, material))
  const EncryptedKeyMaterial = btoa(String.fromCharCode(...wrapped))
  const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE'
  await make(region, 'ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial, ExpirationModel })
}

/** The grants of a key, as labels of the case and what the service gave for them. */
export async function makeGrants(region: string, keyId: string, grants: Case['grants'], made: Map<string, string>) {
  for (const grant of grants ?? []) {
    const issuer = rootOf(String(grant.issuingAccount).split(':')[4] ?? '')
    const given = await make(
      region,
      'CreateGrant',
      {
        KeyId: `arn:aws:kms:${region}:${root.accountId}:key/${keyId}`,
        GranteePrincipal: grant.granteePrincipal,
        RetiringPrincipal: grant.retiringPrincipal,
        Operations: grant.operations,
        Constraints: grant.constraints,
      },
      issuer,
    )
    made.set(grant.grantId, given.GrantId)
    if (grant.token !== undefined) made.set(grant.token, given.GrantToken)
  }
}
