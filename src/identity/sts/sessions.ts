import { encodeBase64 } from '../../codec/bytes'
import { compilePolicy } from '../../policy/compile'
import type { Session } from '../../policy/principal'
import type { CryptoPort } from '../../ports/crypto'
import { encodeAccessKeyId } from '../access-key-id'
import { validationError } from '../query-error'
import type { QueryOutput } from '../query-types'
import { packedPolicySize, sealSessionToken, type TemporaryPrincipal } from '../session-token'
import type { PolicyInput } from './input'

/** What temporary credentials are made with, in the Directory of their account. */
export interface IssuerParts {
  readonly accountId: string
  /** The Directory's own: its tokens open for this account alone. */
  readonly crypto: Pick<CryptoPort, 'random' | 'sealToken'>
  /** Wall clock. */
  wallMs(): number
}

export interface Issued {
  readonly principal: TemporaryPrincipal
  /** `Credentials` of the answer, which is the only time that the secret is shown. */
  readonly credentials: QueryOutput
  readonly packedPolicySize: number | undefined
}

/** The session but for its times. */
export type SessionBody = Omit<Session, 'issuedAtMs' | 'expiresAtMs'>

/** Makes a key pair and seals it. Nothing is stored: the token is all there is. Throws PackedPolicyTooLarge. */
export async function issue(
  { accountId, crypto, wallMs }: IssuerParts,
  seconds: number,
  body: SessionBody,
  principalOf: (common: {
    readonly accountId: string
    readonly accessKeyId: string
    readonly session: Session
  }) => TemporaryPrincipal,
): Promise<Issued> {
  const issuedAtMs = wallMs()
  // A whole second, as the answer tells it.
  const expiresAtMs = Math.floor(issuedAtMs / 1000 + seconds) * 1000
  const accessKeyId = encodeAccessKeyId(accountId, crypto.random(5), 'ASIA')
  const secretAccessKey = encodeBase64(crypto.random(30))
  const principal = principalOf({ accountId, accessKeyId, session: { issuedAtMs, expiresAtMs, ...body } })
  const credential = { principal, secretAccessKey }
  const sessionToken = await sealSessionToken(crypto, credential)
  return {
    principal,
    credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(expiresAtMs),
    },
    packedPolicySize: packedPolicySize(credential),
  }
}

/**
 * Session policies as the session keeps them; nothing when none were given. Throws MalformedPolicyDocument for a
 * document that cannot be enforced, ValidationError for a managed policy that is not there.
 */
export async function sessionPolicies(
  { policy, policyArns }: PolicyInput,
  accountId: string,
  findManagedPolicy: (arn: string) => Promise<string | undefined>,
): Promise<Pick<Session, 'policies' | 'policyArns'>> {
  for (const arn of policyArns) {
    const owner = arn.split(':')[4]
    if ((owner !== accountId && owner !== 'aws') || (await findManagedPolicy(arn)) === undefined) {
      throw validationError(`Policy ${arn} does not exist or is not attachable.`)
    }
  }
  return {
    ...(policy === undefined ? {} : { policies: [checkedPolicy(policy)] }),
    ...(policyArns.length ? { policyArns: [...new Set(policyArns)] } : {}),
  }
}

/** Without its white space: every character counts in a token. */
function checkedPolicy(text: string): string {
  const options = { kind: 'session', name: 'session policy' } as const
  compilePolicy(text, options)
  const short = JSON.stringify(JSON.parse(text))
  compilePolicy(short, options)
  return short
}
