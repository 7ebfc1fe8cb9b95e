import { LruMap } from '../codec/lru'
import { formatDocument, isObject, parseDocument, stringList } from './document'

/** The policy of a key that was created without one, as GetKeyPolicy prints it: it lets the account's IAM policies count. */
export const defaultKeyPolicy = (accountId: string): string =>
  formatDocument({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  })

const statementMembers = new Set(['Sid', 'Effect', 'Principal', 'Action', 'Resource'])
const isOnly = (value: unknown, ...accepted: string[]) => {
  const list = stringList(value)
  return list?.length === 1 && accepted.includes(list[0] as string)
}

/** Whether a document means the same as the default one: one statement that gives the account, and nobody else, `kms:*`. */
function delegatesToAccountOnly(text: string, accountId: string): boolean {
  const document = parseDocument(text)
  const version = document?.Version
  if (!document || (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17')) return false
  if (Object.keys(document).some((member) => !['Version', 'Id', 'Statement'].includes(member))) return false
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement]
  const statement: unknown = statements[0]
  if (statements.length !== 1 || !isObject(statement)) return false
  const principal = statement.Principal
  return (
    Object.keys(statement).every((member) => statementMembers.has(member)) &&
    statement.Effect === 'Allow' &&
    isObject(principal) &&
    Object.keys(principal).length === 1 &&
    isOnly(principal.AWS, `arn:aws:iam::${accountId}:root`, accountId) &&
    isOnly(statement.Action, 'kms:*') &&
    isOnly(statement.Resource, '*')
  )
}

const delegation = new LruMap<string, boolean>(500)

/** `delegatesToAccountOnly`, once per document. */
export function delegatesToAccount(text: string, accountId: string): boolean {
  const cacheKey = `${accountId} ${text}`
  let answer = delegation.get(cacheKey)
  if (answer === undefined) {
    answer = delegatesToAccountOnly(text, accountId)
    delegation.set(cacheKey, answer)
  }
  return answer
}
