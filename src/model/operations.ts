import { operationRows, targetPrefix } from './generated/operations'
import type { OperationInput, OperationName } from './generated/types'

export type { OperationInput, OperationName, OperationOutput } from './generated/types'

/** What the generated table says of one operation; absent flags are false. */
export interface OperationRow<N extends OperationName = OperationName> {
  readonly output: string | null
  readonly keyRefs?: { readonly [M in keyof OperationInput[N]]?: KeyForms }
  readonly crossAccount: CrossAccount
  readonly readOnly: boolean
  readonly actions: readonly string[]
  readonly dryRun?: true
  readonly grantTokens?: true
  readonly recipient?: true
  readonly page?: Page
}

/** `key`: key id or key ARN; `keyOrAlias`: alias name and alias ARN too. */
export type KeyForms = 'key' | 'keyOrAlias'
export type CrossAccount = 'yes' | 'no' | 'n/a' | 'caller-account-only'

/** Limits of one page. The model's validation lets any Limit up to 1000 through; AWS documents lower maxima. */
export interface Page {
  /** The output member that holds the items. */
  readonly items: string
  readonly defaultLimit: number
  readonly maxLimit: number
}

export interface OperationFacts {
  readonly name: OperationName
  /** Value of X-Amz-Target. */
  readonly target: string
  /** Names of structures in the shape table. `output` null: 200 with an empty body. */
  readonly input: string
  readonly output: string | null
  /** Input members that name a key, with the forms they take. */
  readonly keyRefs: { readonly [member: string]: KeyForms }
  readonly crossAccount: CrossAccount
  /** CloudTrail's readOnly. */
  readonly readOnly: boolean
  /** IAM actions that some check of this operation asks for. */
  readonly actions: readonly string[]
  readonly dryRun: boolean
  /** Takes the GrantTokens list. */
  readonly grantTokens: boolean
  /** Takes Recipient, the attestation document of an enclave. */
  readonly recipient: boolean
  readonly page: Page | null
}

function facts(name: OperationName, row: OperationRow): OperationFacts {
  const { output, keyRefs = {}, crossAccount, readOnly, actions, dryRun = false, grantTokens = false } = row
  const { recipient = false, page = null } = row
  const [target, input] = [targetPrefix + name, `${name}Request`]
  return { name, target, input, output, keyRefs, crossAccount, readOnly, actions, dryRun, grantTokens, recipient, page }
}

export const operationNames = Object.keys(operationRows) as readonly OperationName[]

export const operations = Object.fromEntries(
  operationNames.map((name) => [name, facts(name, operationRows[name])]),
) as { readonly [N in OperationName]: OperationFacts }

export const isOperationName = (text: string): text is OperationName => Object.hasOwn(operations, text)

/** The operation that a X-Amz-Target header names; undefined for any other text, since AWS minds case and prefix. */
export function operationOfTarget(target: string): OperationName | undefined {
  if (!target.startsWith(targetPrefix)) return undefined
  const name = target.slice(targetPrefix.length)
  return isOperationName(name) ? name : undefined
}
