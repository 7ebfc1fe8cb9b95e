import type { EncryptionContext } from '../envelope/context'
import { failure } from '../envelope/errors'
import { type Credentials, createSender, type EndpointOptions, type Refusal } from './send'

/** AssumeRole's input and the part of its output that is used, by AWS's names. */
export interface AssumeRoleInput {
  readonly RoleArn: string
  readonly RoleSessionName: string
  readonly Policy: string
  readonly DurationSeconds: number
}
export interface AssumedCredentials {
  readonly AccessKeyId?: string | undefined
  readonly SecretAccessKey?: string | undefined
  readonly SessionToken?: string | undefined
  readonly Expiration?: Date | undefined
}
/** `async (input) => (await sts.send(new AssumeRoleCommand(input))).Credentials` with the AWS SDK. */
export type AssumeRole = (input: AssumeRoleInput) => Promise<AssumedCredentials | undefined>

export interface ScopedOptions {
  /** An endpoint with the credentials of who may assume the role, or a function that assumes it. */
  readonly sts: EndpointOptions | AssumeRole
  /** A role that may do at least this much itself. */
  readonly roleArn: string
  /** The one key, by ARN. */
  readonly keyArn: string
  /** `GenerateDataKey` and `Decrypt` unless given. */
  readonly operations?: readonly string[]
  /** The one encryption context, at least one pair. */
  readonly encryptionContext: EncryptionContext
  /** 900 to 43,200; 900 unless given. */
  readonly durationSeconds?: number
  /** In the audit log of every call; `scoped` unless given. Best the name of the user of the page. */
  readonly sessionName?: string
}

/** Temporary credentials that may be given away. */
export interface ScopedCredentials extends Credentials {
  readonly sessionToken: string
  readonly expiration: Date
}

/**
 * Credentials for a page: a session of a role that can do nothing but these operations with this key and exactly this
 * encryption context, for so long. For a server, which authenticates the user of the page first. Throws EnvelopeError
 * `invalidOption` for what no policy could hold to, KmsRequestError for a refusal of STS.
 */
export async function scopedCredentials(options: ScopedOptions): Promise<ScopedCredentials> {
  const { sts, roleArn, durationSeconds = 900, sessionName = 'scoped' } = options
  const assumeRole = typeof sts === 'function' ? sts : stsAssumeRole(sts)
  const Policy = JSON.stringify(scopedPolicy(options))
  const input = { RoleArn: roleArn, RoleSessionName: sessionName, Policy, DurationSeconds: durationSeconds }
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = (await assumeRole(input)) ?? {}
  const expiration = new Date(Expiration ?? Number.NaN)
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || Number.isNaN(expiration.getTime())) {
    throw new TypeError('AssumeRole gave no temporary credentials')
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration,
  }
}

const keyArnForm = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/
/** In a policy `${` begins a variable; this is a dollar that does not. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy's template, not one of this language
const literally = (text: string) => text.replaceAll('$', '${$}')

/**
 * The session policy. Each pair must be there with its value, and no other may: names of condition keys count without
 * regard to case, so that the list of names says how they are written.
 */
export function scopedPolicy(
  options: Pick<ScopedOptions, 'keyArn' | 'operations' | 'encryptionContext'>,
): Readonly<Record<string, unknown>> {
  const { keyArn, operations = ['GenerateDataKey', 'Decrypt'], encryptionContext } = options
  const names = Object.keys(encryptionContext)
  if (!keyArnForm.test(keyArn)) throw failure('invalidOption', 'keyArn')
  if (!operations.length || !operations.every((name) => /^[A-Z][A-Za-z]+$/.test(name))) {
    throw failure('invalidOption', 'operations')
  }
  if (!names.length) throw failure('invalidOption', 'encryptionContext: at least one pair')
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    throw failure('invalidOption', 'encryptionContext: names that differ by case alone')
  }
  const pairs = Object.entries(encryptionContext).map(([name, value]) => [
    `kms:EncryptionContext:${name}`,
    literally(value),
  ])
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: operations.map((name) => `kms:${name}`),
        Resource: keyArn,
        Condition: {
          StringEquals: Object.fromEntries(pairs),
          'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': names.map(literally) },
        },
      },
    ],
  }
}

/** AssumeRole by the Query protocol. Throws KmsRequestError. */
export function stsAssumeRole(options: EndpointOptions): AssumeRole {
  const send = createSender(options, 'sts', readRefusal)
  return async ({ DurationSeconds, ...texts }) => {
    const parameters = { Action: 'AssumeRole', Version: '2011-06-15', DurationSeconds: `${DurationSeconds}`, ...texts }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const xml = await send(headers, new URLSearchParams(parameters).toString())
    return {
      AccessKeyId: textOf(xml, 'AccessKeyId'),
      SecretAccessKey: textOf(xml, 'SecretAccessKey'),
      SessionToken: textOf(xml, 'SessionToken'),
      Expiration: new Date(textOf(xml, 'Expiration') ?? ''),
    }
  }
}

const readRefusal = (xml: string): Refusal => ({ code: textOf(xml, 'Code'), message: textOf(xml, 'Message') })

/** The text of the first element of that name. */
const textOf = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`)
    .exec(xml)?.[1]
    ?.replace(/&(amp|lt|gt|quot|apos|#39);/g, (_, entity) => entities[entity] ?? '')

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'" }
