import type { SignedPrincipal } from '../../policy/principal'
import type { CryptoPort, SecretPort } from '../../ports/crypto'
import type { QueryAction, QueryOutput } from '../query-types'
import type { Transaction } from '../transaction'
import { type Args, readShape, type Shape } from './fields'

/** Condition keys that a check has besides the global ones, by name. */
export type CheckFacts = Readonly<Record<string, string | readonly string[] | undefined>>

/** What an IAM action works with: the Directory of the caller's account, and who calls. */
export interface IamCall {
  readonly accountId: string
  readonly principal: SignedPrincipal
  readonly crypto: Pick<CryptoPort, 'random'> & SecretPort
  wallMs(): number
  /** Throws AccessDenied (403) unless the caller's policies allow the action; the root user passes. */
  authorize(action: string, resource: string, facts: CheckFacts): Promise<void>
  /** Runs work on a consistent state, perhaps more than once, and commits what it puts. */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Unique ids of users and roles of any account, as IdentityPort gives them. */
  resolvePrincipals(arns: readonly string[]): Promise<Readonly<Record<string, string | null>>>
  /** ARNs by unique id, as IdentityPort gives them. */
  principalArns(uniqueIds: readonly string[], accountIds: readonly string[]): Promise<Readonly<Record<string, string>>>
}

/** One permission check. */
export interface IamCheck {
  /** The action itself unless given: `iam:TagUser`. */
  readonly action?: string
  /** An ARN, or `*`. */
  readonly resource: string
  readonly facts?: CheckFacts
}

export interface ActionRequest<A> {
  readonly args: A
  readonly tx: Transaction
  readonly call: IamCall
}

/**
 * One IAM action: its parameters, what permission is asked for, and what it does. In this order, so that nobody learns
 * whether a thing exists who may not ask for it.
 */
interface ActionSpec<S extends Shape> {
  readonly shape: S
  /** All must pass. */
  checks(request: ActionRequest<Args<S>>): Promise<IamCheck | readonly IamCheck[]> | IamCheck | readonly IamCheck[]
  // biome-ignore lint/suspicious/noConfusingVoidType: an action without a result returns nothing
  handle(request: ActionRequest<Args<S>>): Promise<QueryOutput | void> | QueryOutput | void
}

/** An action that has yet to learn its name from the table. */
export type IamAction = (name: string) => QueryAction<IamCall>

export const action =
  <S extends Shape>({ shape, checks, handle }: ActionSpec<S>): IamAction =>
  (name) =>
  async ({ input, call }) => {
    const args = readShape(input, shape)
    return call.transact(async (tx) => {
      const request = { args, tx, call }
      for (const check of [await checks(request)].flat() as readonly IamCheck[]) {
        await call.authorize(check.action ?? `iam:${name}`, check.resource, check.facts ?? {})
      }
      return handle(request)
    })
  }
