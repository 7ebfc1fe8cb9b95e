import { randomBytes, randomInt } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { root } from './build.mjs'

export const devVarsPath = join(root, '.dev.vars')

/** Names and values of a .dev.vars file; undefined where there is none. */
export async function readDevVars(path = devVarsPath) {
  try {
    return parseEnv(await readFile(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Random secrets for one account: a root key and the credentials of the account's root user. */
export function newSecrets() {
  const accountId = `${randomInt(1, 10)}${text('0123456789', 11)}`
  const root = {
    accessKeyId: `AKIA${text('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
    secretAccessKey: newSecretAccessKey(),
  }
  return {
    KMS_ROOT_KEYS: `r1:${randomBytes(32).toString('base64')}`,
    KMS_ACCOUNTS: JSON.stringify({ [accountId]: root }),
  }
}

/** Writes a .dev.vars file that its owner alone can read. Never replaces one: whoever loses a root key loses all keys. */
export async function writeDevVars(vars, path = devVarsPath) {
  const lines = Object.entries(vars).map(([name, value]) => `${name}='${value}'`)
  const head = [
    '# Secrets of the local server. Without KMS_ROOT_KEYS nothing under .wrangler/state opens again.',
    '# Names under [vars] of wrangler.toml may be set here too, and win.',
  ]
  await writeFile(path, `${[...head, ...lines].join('\n')}\n`, { flag: 'wx', mode: 0o600 })
}

/**
 * What an AWS client needs, as lines for a shell. `secret: false` leaves the secret access key out.
 * In: config of the Worker (`readConfig`), origin without a slash at its end.
 */
export function exportLines(config, origin, { secret = true } = {}) {
  const [user] = config.rootUsers.values()
  const region = regionOf(config)
  const endpoint = `${origin}${config.basePath.replace(/\/$/, '')}`
  return [
    `export AWS_ACCESS_KEY_ID=${quoted(user.accessKeyId)}`,
    ...(secret ? [`export AWS_SECRET_ACCESS_KEY=${quoted(user.secretAccessKey)}`] : []),
    'unset AWS_SESSION_TOKEN',
    `export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    ...['KMS', 'STS', 'IAM', 'CLOUDTRAIL'].map((service) => `export AWS_ENDPOINT_URL_${service}=${endpoint}`),
  ]
}

const regionOf = (config) =>
  ['us-east-1', 'eu-west-1', 'eu-central-1', 'us-west-2'].find((region) => config.isRegion(region)) ?? 'us-east-1'

/** For a shell: plain where nothing in it could be read otherwise. */
const quoted = (value) => (/^[\w+/=-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`)

const text = (alphabet, length) => Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')

/** 40 characters of base64, as AWS makes them. */
const newSecretAccessKey = () => randomBytes(30).toString('base64')
