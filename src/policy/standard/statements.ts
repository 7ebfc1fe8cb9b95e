import type { KmsHome } from '../../codec/arn'

/** Statements that policies of AWS managed keys are made of; `docs/behaviour.md`, AWS managed keys. */
export type Statement = Readonly<Record<string, unknown>>

/** A string stands for itself in the document, a list for a list. */
type Actions = string | readonly string[]

const kms = (names: Actions): Actions =>
  typeof names === 'string' ? `kms:${names}` : names.map((name) => `kms:${name}`)

/** Everybody of the account, by way of services. `through`: `through S3`; `use`: what the sentence ends with. */
export const throughSid = (through: string, use = through.slice(through.indexOf(' ') + 1)) =>
  `Allow access ${through} for all principals in the account that are authorized to use ${use}`

/** Value of `kms:ViaService`; its suffix is the same in every partition. */
export const viaService = (name: string, { region }: KmsHome) => `${name}.${region}.amazonaws.com`

/** A statement about everybody, bound by its conditions alone. */
export const everybody = (
  Sid: string,
  actions: Actions,
  Condition: object,
  Effect: 'Allow' | 'Deny' = 'Allow',
): Statement => ({ Sid, Effect, Principal: { AWS: '*' }, Action: kms(actions), Resource: '*', Condition })

/** The account's own callers, by way of one service or several. */
export const ownCallersVia = (home: KmsHome, via: string | readonly string[]) => ({
  StringEquals: {
    'kms:CallerAccount': home.accountId,
    'kms:ViaService': typeof via === 'string' ? viaService(via, home) : via.map((name) => viaService(name, home)),
  },
})

/** The account's own callers, by way of one service in any Region. */
export const ownCallersViaAnyRegion = (home: KmsHome, via: string) => ({
  StringEquals: { 'kms:CallerAccount': home.accountId },
  StringLike: { 'kms:ViaService': `${via}.*.amazonaws.com` },
})

export const metadataActions: readonly string[] = ['Describe*', 'Get*', 'List*']

/** What IAM policies of the account may allow directly. */
export const toAccount = (
  { partition, accountId }: KmsHome,
  actions: Actions,
  Sid = 'Allow direct access to key metadata to the account',
): Statement => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: `arn:${partition}:iam::${accountId}:root` },
  Action: kms(actions),
  Resource: '*',
})

/** What a service may do for itself. */
export const toService = (Sid: string, service: string, actions: Actions, Condition?: object): Statement => ({
  Sid,
  Effect: 'Allow',
  Principal: { Service: service },
  Action: kms(actions),
  Resource: '*',
  ...(Condition ? { Condition } : {}),
})
