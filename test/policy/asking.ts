import { type CompileOptions, compilePolicy } from '../../src/policy/compile'
import type { Asked, CallerFacts, ConditionContext, PolicyKind, Statement } from '../../src/policy/types'

export const account = '111122223333'
export const keyArn = `arn:aws:kms:us-west-2:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`

export const alice: CallerFacts = {
  kind: 'user',
  arn: `arn:aws:iam::${account}:user/alice`,
  accountId: account,
  uniqueId: 'AIDAAAAAAAAAAAAAALICE',
  userId: 'AIDAAAAAAAAAAAAAALICE',
  userName: 'alice',
}
export const session: CallerFacts = {
  kind: 'role-session',
  arn: `arn:aws:sts::${account}:assumed-role/App/build-17`,
  accountId: account,
  parentArn: `arn:aws:iam::${account}:role/team/App`,
  uniqueId: 'AROAAAAAAAAAAAAAAAAPP',
  userId: 'AROAAAAAAAAAAAAAAAAPP:build-17',
}
export const root: CallerFacts = {
  kind: 'root',
  arn: `arn:aws:iam::${account}:root`,
  accountId: account,
  userId: account,
}
export const federated: CallerFacts = {
  kind: 'federated-user',
  arn: `arn:aws:sts::${account}:federated-user/fed1`,
  accountId: account,
  parentArn: alice.arn,
  uniqueId: 'AIDAAAAAAAAAAAAAALICE',
  userId: `${account}:fed1`,
}
export const cloudtrail: CallerFacts = {
  kind: 'service',
  arn: 'cloudtrail.amazonaws.com',
  accountId: null,
  userId: 'cloudtrail.amazonaws.com',
}
export const anonymous: CallerFacts = { kind: 'anonymous', arn: '', accountId: null, userId: 'anonymous' }

export type Context = Record<string, string | readonly string[]>

export function ask(changes: Partial<Omit<Asked, 'context'>> & { context?: Context } = {}): Asked {
  const context: ConditionContext = new Map(
    Object.entries(changes.context ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return { action: 'kms:Decrypt', resource: keyArn, caller: alice, ...changes, context: () => context }
}

export const kinds: readonly PolicyKind[] = ['key', 'identity', 'boundary', 'session', 'scp', 'rcp', 'trust']
const hasPrincipal = (kind: PolicyKind) => kind === 'key' || kind === 'rcp' || kind === 'trust'

/** A document of one statement that allows everything to everybody, but for what is given. */
export const documentOf = (kind: PolicyKind, elements: object, document: object = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        ...(hasPrincipal(kind) ? { Principal: '*' } : {}),
        Action: '*',
        ...(kind === 'trust' ? {} : { Resource: '*' }),
        ...elements,
      },
    ],
    ...document,
  })

export function statementOf(
  elements: object,
  options: Partial<CompileOptions> & { version?: string | undefined } = {},
): Statement {
  const { version = '2012-10-17', ...rest } = options
  const kind = rest.kind ?? 'identity'
  const policy = compilePolicy(documentOf(kind, elements, { Version: version }), { kind, name: 'policy', ...rest })
  return policy.statements[0] as Statement
}

/** Whether one condition holds against a context. */
export const holds = (operator: string, key: string, values: unknown, context: Context, version?: string): boolean =>
  statementOf({ Condition: { [operator]: { [key]: values } } }, { version }).applies(ask({ context }))
