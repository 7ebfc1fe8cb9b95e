import { expect, it } from 'vitest'
import { createPrincipalLookup } from '../../src/identity/principal-lookup'

const [here, there, far] = ['111122223333', '444455556666', '777788889999']

it('asks each account that is kept, once, for its own names', async () => {
  const asked: [string, readonly string[]][] = []
  const lookup = createPrincipalLookup({
    isKept: (accountId) => accountId === here || accountId === there,
    directory: (accountId) => ({
      resolvePrincipals: async (arns) => {
        asked.push([accountId, arns])
        return Object.fromEntries(arns.map((arn, index) => [arn, index ? null : `AIDA${accountId}`]))
      },
      principalArns: async (ids) => {
        asked.push([accountId, ids])
        return accountId === there ? { [ids[0] as string]: 'arn' } : {}
      },
    }),
  })
  const user = (accountId: string | undefined, name: string) => `arn:aws:iam::${accountId}:user/${name}`
  const arns = [user(here, 'a'), user(there, 'a'), user(here, 'b'), user(far, 'a'), 'x']
  expect(await lookup.resolvePrincipals(arns)).toEqual({
    [user(here, 'a')]: `AIDA${here}`,
    [user(here, 'b')]: null,
    [user(there, 'a')]: `AIDA${there}`,
  })
  expect(await lookup.principalArns(['AIDAX'], [here, far, there, here] as string[])).toEqual({ AIDAX: 'arn' })
  expect(await lookup.principalArns([], [here] as string[])).toEqual({})
  expect(asked).toEqual([
    [here, [user(here, 'a'), user(here, 'b')]],
    [there, [user(there, 'a')]],
    [here, ['AIDAX']],
    [there, ['AIDAX']],
  ])
})
