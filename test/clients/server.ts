import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inject } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { exportLines, newSecrets, type RootUsers } from '../../scripts/dev-vars.mjs'
import { type ServedProcess, serveProcess } from '../../scripts/serve-process.mjs'
import { signRequest } from '../../src/identity/sigv4'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export const region = 'us-east-1'
export const secrets = newSecrets()
const [accountEntry] = Object.entries(JSON.parse(secrets.KMS_ACCOUNTS) as Record<string, Credentials>)
if (!accountEntry) throw new Error('newSecrets made no account')
export const [accountId, rootUser] = accountEntry

/** A folder for the state of one test file's servers. */
export const newStateFolder = () => mkdtemp(join(tmpdir(), 'kms-clients-'))
export const removeFolder = (folder: string) => rm(folder, { recursive: true, maxRetries: 5 })

/** Both modes of the data plane. A change may take so many seconds to be seen by cryptographic calls. */
export const modes = [
  { mode: 'strong', leaseSeconds: 0 },
  { mode: 'leased', leaseSeconds: 1 },
] as const

export const startServer = (persistTo: string, vars: Readonly<Record<string, string>> = {}): Promise<ServedProcess> =>
  serveProcess({ persistTo, vars: { ...secrets, ...vars } })

/** The lines that `npm start` prints for the user's shell. */
export async function shellLines(url: string): Promise<string> {
  const { configPath } = await build()
  const { readConfig } = (await import(configPath)) as { readConfig(env: object): RootUsers }
  return exportLines(readConfig(secrets), url).join('\n')
}

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const path = process.env.PATH ?? ''
const warmAws = inject('warmAws')
/** The AWS CLI of this machine starts at once there (warm-aws.ts). */
const surroundings = warmAws ? { ...process.env, PATH: `${warmAws}${delimiter}${path}` } : process.env
/** A line for the shell after which `aws` is started as users start it. */
export const coldAws = `export PATH='${path}'`

/** A program in a shell that has read those lines and knows nothing else of AWS. */
export async function runWith(lines: string, command: string, ...args: string[]): Promise<Ended> {
  const env = Object.fromEntries(Object.entries(surroundings).filter(([name]) => !name.startsWith('AWS_')))
  const nowhere = join(tmpdir(), 'kms-clients-no-such-file')
  return run('sh', ['-c', `${lines}\nexec "$@"`, 'sh', command, ...args], {
    ...env,
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  })
}

export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = surroundings): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (exitCode) =>
      resolve({ exitCode, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    )
  })
}

/** Whether a program is there to be tested with. */
export const isThere = async (command: string, ...args: string[]): Promise<boolean> =>
  run(command, args).then(
    ({ exitCode }) => exitCode === 0,
    () => false, // not on the PATH
  )

/** What the AWS CLI answers in the shell of these lines, as JSON; undefined where it says nothing. Throws what it says. */
export async function runAws(lines: string, ...args: string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await runWith(lines, 'aws', '--output', 'json', ...args)
  if (exitCode !== 0) throw new Error(`aws ${args.join(' ')}: ${stderr.trim()}`)
  return stdout.trim() ? JSON.parse(stdout) : undefined
}

/** Credentials as IAM and STS answer them. */
export interface GivenCredentials {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly SessionToken?: string
}

/** A line for the shell, which is somebody's from then on. */
export const asUser = ({ AccessKeyId, SecretAccessKey, SessionToken }: GivenCredentials) =>
  `export AWS_ACCESS_KEY_ID=${AccessKeyId} AWS_SECRET_ACCESS_KEY='${SecretAccessKey}'${SessionToken ? ` AWS_SESSION_TOKEN=${SessionToken}` : ''}`

/** A CloudTrail record, as far as the tests look at it. */
export interface AuditRecord {
  readonly eventName: string
  readonly requestID: string
  readonly errorCode?: string
  readonly userIdentity: { readonly type: string; readonly arn: string }
}

/** The newest records, by CloudTrail's LookupEvents. */
export async function lookupRecords(url: string, credentials: Credentials = rootUser): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  let NextToken: string | undefined
  do {
    const body = JSON.stringify({ NextToken })
    const target = 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents'
    const request = {
      method: 'POST',
      url: `${url}/`,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      body,
    }
    const headers = await signRequest(request, { credentials, region, service: 'cloudtrail', nowMs: Date.now() })
    const response = await fetch(request.url, { method: 'POST', headers, body })
    const page = (await response.json()) as { Events: { CloudTrailEvent: string }[]; NextToken?: string }
    if (!response.ok) throw new Error(`LookupEvents: ${response.status} ${JSON.stringify(page)}`)
    records.push(...page.Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent) as AuditRecord))
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  return records
}

/** Tries again until it passes: what a lease may delay, for no longer than the lease and a moment. */
export async function within<T>(seconds: number, attempt: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + (seconds + 1) * 1000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (seconds === 0 || Date.now() > untilMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
