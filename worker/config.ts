import { parseRootKeys, RootKeysError } from '../src/adapters/webcrypto'
import { isAccountId } from '../src/codec/arn'
import type { Governance } from '../src/operations/kms'
import type { Env } from './env'
import { readOrganization } from './organization'
import { perEnv } from './per-env'

/** The root user of one configured account. */
export interface RootCredentials {
  readonly accountId: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Config {
  readonly rootKeys: string
  readonly accounts: ReadonlySet<string>
  /** By access key id. */
  readonly rootUsers: ReadonlyMap<string, RootCredentials>
  /** 0: strong mode. */
  readonly leaseMs: number
  /** In leased mode: whether the audit record is durable before the answer. */
  readonly strictAudit: boolean
  readonly audit: { readonly days: number; readonly bytes: number }
  isRegion(region: string): boolean
  readonly corsOrigins: readonly string[]
  readonly basePath: string
  /** Whether specs and message types that WebCrypto lacks are served by the software provider. */
  readonly softwareCrypto: boolean
  readonly clockControl: boolean
  /** What the organisation lays on an account; nothing for accounts that it does not name. */
  governance(accountId: string): Governance
}

/** What is wrong with the configuration, one sentence each; they name variables and never quote a value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
  }
}

const howToSet = 'Set it with `wrangler secret put`, or in .dev.vars when developing.'
const regionForm = /^[a-z]{2,4}(-[a-z]{3,12}){1,3}-[0-9]$/
const maxLeaseSeconds = 300

/** The configuration of a Worker. Throws ConfigError naming everything that is missing or malformed. */
export function readConfig(env: Env): Config {
  const problems: string[] = []
  const accounts = readAccounts(env.KMS_ACCOUNTS, problems)
  readRootKeys(env.KMS_ROOT_KEYS, problems)
  const whole = (name: keyof Env & string, value: string | undefined, fallback: number, min: number, max: number) => {
    if (value === undefined || value === '') return fallback
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    problems.push(`${name} must be a whole number from ${min} to ${max}.`)
    return fallback
  }
  const choice = (name: keyof Env & string, value: string | undefined, choices: readonly string[]) => {
    if (value === undefined || value === '' || choices.includes(value)) return value || choices[0]
    problems.push(`${name} must be one of: ${choices.join(', ')}.`)
    return choices[0]
  }
  const list = (value: string | undefined) =>
    (value ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)

  const regions = list(env.KMS_REGIONS || '*')
  if (regions.some((region) => region !== '*' && !regionForm.test(region))) {
    problems.push('KMS_REGIONS must be * or a list of Regions, separated by commas.')
  }
  const anyRegion = regions.includes('*')
  const organization = readGovernance(env.KMS_ORGANIZATION, problems)
  const config: Config = {
    rootKeys: env.KMS_ROOT_KEYS ?? '',
    accounts: new Set(accounts.map(({ accountId }) => accountId)),
    rootUsers: new Map(accounts.map((user) => [user.accessKeyId, user])),
    leaseMs: whole('KMS_LEASE_SECONDS', env.KMS_LEASE_SECONDS, 0, 0, maxLeaseSeconds) * 1000,
    strictAudit: choice('KMS_AUDIT', env.KMS_AUDIT, ['batch', 'strict']) === 'strict',
    audit: {
      days: whole('KMS_AUDIT_DAYS', env.KMS_AUDIT_DAYS, 90, 1, 36_500),
      bytes: whole('KMS_AUDIT_BYTES', env.KMS_AUDIT_BYTES, 2 ** 31, 65_536, 2 ** 32),
    },
    isRegion: (region) => (anyRegion ? regionForm.test(region) : regions.includes(region)),
    corsOrigins: list(env.KMS_CORS_ORIGINS),
    basePath: env.KMS_BASE_PATH || '/',
    softwareCrypto: choice('KMS_SOFTWARE_CRYPTO', env.KMS_SOFTWARE_CRYPTO, ['on', 'off']) === 'on',
    clockControl: choice('KMS_CLOCK_CONTROL', env.KMS_CLOCK_CONTROL, ['off', 'on']) === 'on',
    governance: (accountId) => organization.get(accountId) ?? ungoverned,
  }
  choice('KMS_QUOTAS', env.KMS_QUOTAS, ['off', 'aws'])
  if (!/^\/([A-Za-z0-9._~-]+\/?)*$/.test(config.basePath))
    problems.push('KMS_BASE_PATH must be a path that begins with /.')
  if (problems.length) throw new ConfigError(problems)
  return config
}

const ungoverned: Governance = {}

function readGovernance(text: string | undefined, problems: string[]): ReadonlyMap<string, Governance> {
  if (!text) return new Map()
  try {
    return readOrganization(text)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    problems.push(error.message)
    return new Map()
  }
}

function readRootKeys(text: string | undefined, problems: string[]): void {
  if (!text) {
    problems.push(`KMS_ROOT_KEYS is missing: id:base64 of 32 random bytes. ${howToSet}`)
    return
  }
  try {
    parseRootKeys(text)
  } catch (error) {
    if (!(error instanceof RootKeysError)) throw error
    problems.push(error.message)
  }
}

function readAccounts(text: string | undefined, problems: string[]): RootCredentials[] {
  const form = '{"<12 digits>":{"accessKeyId":"…","secretAccessKey":"…"}}'
  if (!text) {
    problems.push(`KMS_ACCOUNTS is missing: JSON ${form}. ${howToSet}`)
    return []
  }
  const accounts = parseAccounts(text)
  if (!accounts?.length) {
    problems.push(`KMS_ACCOUNTS must be JSON of the form ${form}.`)
    return []
  }
  if (new Set(accounts.map((user) => user.accessKeyId)).size < accounts.length) {
    problems.push('KMS_ACCOUNTS names the same access key id twice.')
  }
  return accounts
}

function parseAccounts(text: string): RootCredentials[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // the message of a JSON error quotes the text, which holds secrets
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const accounts: RootCredentials[] = []
  for (const [accountId, root] of Object.entries(value)) {
    const { accessKeyId, secretAccessKey } = (root ?? {}) as Record<string, unknown>
    if (!isAccountId(accountId)) return undefined
    if (typeof accessKeyId !== 'string' || !/^[A-Za-z0-9_]{16,128}$/.test(accessKeyId)) return undefined
    if (typeof secretAccessKey !== 'string' || secretAccessKey.length < 16 || secretAccessKey.length > 128)
      return undefined
    accounts.push({ accountId, accessKeyId, secretAccessKey })
  }
  return accounts
}

/** `readConfig`, once per isolate. */
export const configOf = perEnv((env): Config | ConfigError => {
  try {
    return readConfig(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error
  }
})

/** The same where the front has already refused to go on without one. */
export function requireConfig(env: Env): Config {
  const config = configOf(env)
  if (config instanceof ConfigError) throw config
  return config
}
