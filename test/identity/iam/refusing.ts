import { expect, it } from 'vitest'
import { allow, arn, openAccount, type Parameters, trust } from './helpers'

export const nobody = trust({ AWS: '111122223333' })
export const letters = (count: number) => allow(`kms:${'a'.repeat(count)}`)

/** What the account holds before each refusal. */
export async function furnished() {
  const account = await openAccount()
  const { done } = account
  await done('CreateUser', { UserName: 'alice', Path: '/team/' })
  await done('CreateGroup', { GroupName: 'Staff' })
  await done('CreateRole', { RoleName: 'deploy', AssumeRolePolicyDocument: nobody })
  await done('CreatePolicy', { PolicyName: 'read', PolicyDocument: allow('kms:Describe*') })
  await done('CreateOpenIDConnectProvider', { Url: 'https://id.example.com/pool', ClientIDList: ['app'] })
  return account
}

export const user = { UserName: 'alice' }
export const role = { RoleName: 'deploy' }
export const read = arn('policy/read')
export const gone = arn('policy/gone')

export type Refusal = readonly [name: string, action: string, parameters: Parameters, refusal: string]

/** One case a row: the call is refused in these words, and nothing is written. */
export const refusesEach = (rows: readonly Refusal[]) =>
  it.each(rows)('%s', async (_name, action, parameters, refusal) => {
    const { done, refused, dropped, faults } = await furnished()
    await done('CreateGroup', { GroupName: 'other' })
    const writes = dropped.length
    expect(await refused(action, parameters)).toBe(refusal)
    expect(dropped).toHaveLength(writes)
    expect(faults).toEqual([])
  })
