import type { UserPrincipal } from '../../../src/policy/principal'
import { type Deliver, deliverOutbox, takeMessage } from '../../../src/service/outbox'
import { accountId, rootPrincipal, type TestKms, userPrincipal } from '../compose'
import { TestDirectory } from '../directory'
import { must, newKey, type Open } from './harness'

export const theirId = '444455556666'
export const rootArnOf = (account: string) => `arn:aws:iam::${account}:root`
/** A user of the other account. */
export const carol: UserPrincipal = { ...userPrincipal('carol'), accountId: theirId }
export const carolArn = `arn:aws:iam::${theirId}:user/carol`
export const theirRoot = { ...rootPrincipal, accountId: theirId } as typeof rootPrincipal

/** Two services of two accounts, which share the Directories of both and nothing else. Carol has these policies. */
export async function neighbours(open: Open, policies: Readonly<Record<string, string>> = {}) {
  const directory = new TestDirectory()
  directory.add(carol, { policies })
  const ours = await open(undefined, { accountId, directory })
  const theirs = await open(undefined, { accountId: theirId, directory })
  const services = new Map([
    [accountId, ours],
    [theirId, theirs],
  ])
  const deliver: Deliver = async (to, id, message) => {
    const service = services.get(to.accountId)
    if (!service || to.region !== service.home.region) throw new Error('no such service')
    await takeMessage(service, id, message)
  }
  /** Everything that waits in the outboxes. */
  const deliverAll = async () => {
    for (const service of services.values()) {
      while (await deliverOutbox(service, deliver)) {
        // One turn after the other.
      }
    }
  }
  return { directory, ours, theirs, deliver, deliverAll }
}

/** A key of ours whose policy has these statements besides that of the account. */
export const sharedKey = (kms: TestKms, ...statements: object[]) => newKey(kms, { Policy: policyWith(...statements) })

const policyWith = (...statements: object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: accountId }, Action: 'kms:*', Resource: '*' }, ...statements],
  })

export const admit = (AWS: string, over: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action: 'kms:*',
  Resource: '*',
  ...over,
})

export const identityPolicy = (over: object = {}) =>
  JSON.stringify({ Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*', ...over } })

/** The one text about a key that is absent, not shared, or denied. */
export const absentOrDenied = (action: string, arn = carolArn) =>
  `AccessDeniedException: User: ${arn} is not authorized to perform: kms:${action} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`

export const withoutPermission = (action: string, keyArn: string) =>
  `AccessDeniedException: User: ${carolArn} is not authorized to perform: kms:${action} on resource: ${keyArn} because no identity-based policy allows the kms:${action} action`

export const encryptedBy = async (kms: TestKms, KeyId: string, Plaintext: Bytes) =>
  (await must(kms, 'Encrypt', { KeyId, Plaintext })).CiphertextBlob
