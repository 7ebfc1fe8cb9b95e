import type { OperationInput } from '../../../src/model/operations'
import type { Principal } from '../../../src/policy/principal'
import { accountId, userPrincipal } from '../compose'
import { sessionPrincipal } from '../directory'
import { must, newKey, type Open } from './harness'

export const userArn = (name: string) => `arn:aws:iam::${accountId}:user/${name}`
export const rootArn = `arn:aws:iam::${accountId}:root`
export const [alice, bob] = [userPrincipal('alice'), userPrincipal('bob')]
export const deployer = sessionPrincipal('Deployer', 's1')
export const roleArn = `arn:aws:iam::${accountId}:role/Deployer`

export type GrantInput = Omit<OperationInput['CreateGrant'], 'KeyId'>

/** A service with a key, and people who may do nothing by themselves. */
export async function withGrantees(open: Open) {
  const kms = await open()
  for (const person of [alice, bob, deployer]) kms.identity.add(person)
  const { KeyId, arn } = await newKey(kms)
  const grant = (over: Partial<GrantInput> = {}, principal?: Principal) =>
    must(kms, 'CreateGrant', { KeyId, GranteePrincipal: userArn('alice'), Operations: ['Encrypt'], ...over }, principal)
  const granted = async () => (await must(kms, 'ListGrants', { KeyId })).Grants
  return { kms, KeyId, arn, grant, granted }
}

export const grantIdsOf = (grants: readonly { readonly GrantId?: string | undefined }[]) =>
  grants.map(({ GrantId }) => GrantId)

export const sourceArn = `arn:aws:rds:eu-west-1:${accountId}:db:orders`
/** A grantee that is a service. */
export const service = { GranteePrincipal: undefined, GranteeServicePrincipal: 'rds.amazonaws.com' }
