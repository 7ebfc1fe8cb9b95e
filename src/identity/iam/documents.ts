import { compilePolicy } from '../../policy/compile'

/** How IAM measures documents: in characters, white space left out (IAM user guide, quotas). */
export const policySize = (text: string): number => text.replace(/[\t\n\r ]/g, '').length

/** MalformedPolicyDocumentException unless it is an identity policy that can be enforced. */
export function requireIdentityPolicy(text: string): void {
  compilePolicy(text, { kind: 'identity', name: 'new policy' })
}
