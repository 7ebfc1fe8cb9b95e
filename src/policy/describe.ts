import type { DecidedBy, Decision } from './types'

/**
 * `kms:Encrypt allowed by statement Enable IAM User Permissions of key policy and statement 1 of policy A of user bob`,
 * `kms:Encrypt denied by statement 0 of permissions boundary`, `kms:Encrypt not allowed: no identity policy allows it`.
 * Statements without Sid are counted from 0.
 */
export function describeDecision(action: string, decision: Decision): string {
  const verdict = decision.allowed ? 'allowed' : decision.denial === 'explicit' ? 'denied' : 'not allowed'
  const by = decision.by.map(describe).join(' and ')
  const link = decision.allowed || decision.denial === 'explicit' ? ' by' : ':'
  return by ? `${action} ${verdict}${link} ${by}` : `${action} ${verdict}`
}

const wants: Readonly<Record<Extract<DecidedBy, { readonly kind: 'missing' }>['policyKind'], string>> = {
  key: 'the key policy does not allow it',
  identity: 'no identity policy allows it',
  boundary: 'the permissions boundary does not allow it',
  session: 'a session policy does not allow it',
  scp: 'a service control policy does not allow it',
  rcp: 'a resource control policy does not allow it',
  trust: 'the trust policy does not allow it',
  grant: 'the grant does not allow it',
  'cross-account': 'callers of other accounts never may',
}

function describe(by: DecidedBy): string {
  switch (by.kind) {
    case 'statement':
      return `statement ${by.statement} of ${by.policy}`
    case 'grant':
      return `grant ${by.grantId}`
    case 'rule':
      return by.rule
    case 'missing':
      return wants[by.policyKind]
  }
}
