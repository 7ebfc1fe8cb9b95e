import { createExecutionContext, runInDurableObject, SELF, waitOnExecutionContext } from 'cloudflare:test'
import { env as testEnv } from 'cloudflare:workers'
import { encodeAccessKeyId } from '../../src/identity/access-key-id'
import { presignUrl, signRequest } from '../../src/identity/sigv4'
import type { Env } from '../../worker/env'
import worker from '../../worker/index'

export const env = testEnv as unknown as Env
export const origin = 'http://kms.test'

export interface Caller {
  readonly accountId: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

type Accounts = Record<string, Omit<Caller, 'accountId'>>
const accounts = JSON.parse(env.KMS_ACCOUNTS ?? '{}') as Accounts
/** The root users that the test bindings configure. */
export const roots: readonly Caller[] = Object.entries(accounts).map(([accountId, user]) => ({ accountId, ...user }))
export const root = roots[0] as Caller
export const otherRoot = roots[1] as Caller

let regions = 0
/** A Region that no test has used: an empty Vault. */
export function newRegion(): string {
  let word = ''
  for (let n = regions++ + 26 ** 3; n > 0; n = Math.floor(n / 26)) word += String.fromCharCode(97 + (n % 26))
  return `us-${word}-1`
}

export interface Front {
  fetch(request: Request): Promise<Response>
}

/** The deployed Worker, through its front door. */
export const deployed: Front = { fetch: (request) => SELF.fetch(request) }

export interface Isolate extends Front {
  /** Resolves when everything that waitUntil was given is done. */
  settled(): Promise<void>
}

/** One more isolate of the Worker, with bindings of its own. */
export function isolate(changes: Partial<Env> = {}): Isolate {
  const own: Env = { ...env, ...changes }
  let contexts: ExecutionContext[] = []
  return {
    async fetch(request) {
      const ctx = createExecutionContext()
      contexts.push(ctx)
      return worker.fetch(request, own, ctx)
    },
    async settled() {
      const waiting = contexts
      contexts = []
      for (const ctx of waiting) await waitOnExecutionContext(ctx)
    },
  }
}

/** A namespace whose objects are watched: `before` sees each method call and may throw in its place. */
export function watched<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  before: (method: string) => void,
): DurableObjectNamespace<T> {
  const get = (id: DurableObjectId, options?: DurableObjectNamespaceGetDurableObjectOptions) => {
    const stub = namespace.get(id, options) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    return new Proxy({} as typeof stub, {
      get:
        (_, method) =>
        async (...args: unknown[]) => {
          before(String(method))
          return stub[String(method)]?.(...args)
        },
    })
  }
  return { idFromName: (name: string) => namespace.idFromName(name), get } as unknown as DurableObjectNamespace<T>
}

export interface Sending {
  readonly service?: string
  readonly region?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly nowMs?: number
}

export async function signedRequest(caller: Caller, sending: Sending): Promise<Request> {
  const { service = 'kms', region = 'us-east-1', path = '/', method = 'POST', body, nowMs = Date.now() } = sending
  const url = origin + path
  const headers = await signRequest(
    { method, url, headers: { 'content-type': 'application/x-amz-json-1.1', ...sending.headers }, body: body ?? '' },
    { credentials: caller, region, service, nowMs },
  )
  return new Request(url, { method, headers, ...(body === undefined ? {} : { body }) })
}

export const kmsRequest = (caller: Caller, region: string, operation: string, body: string, changes: Sending = {}) =>
  signedRequest(caller, { region, body, ...changes, headers: { 'x-amz-target': `TrentService.${operation}` } })

export interface Answer {
  readonly status: number
  /** The error code; undefined for a success. */
  readonly code: string | undefined
  readonly message: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: a reply as any client sees it
  readonly output: any
  readonly headers: Headers
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  const output = text.startsWith('{') ? JSON.parse(text) : text
  const { status, headers } = response
  return { status, headers, output, code: output.__type, message: output.message ?? output.Message }
}

/** One KMS call over signed HTTP. */
export async function kms(
  to: Front,
  caller: Caller,
  region: string,
  operation: string,
  input: object = {},
): Promise<Answer> {
  return readAnswer(await to.fetch(await kmsRequest(caller, region, operation, JSON.stringify(input))))
}

/** The id of a new symmetric key. */
export async function newKey(region: string, caller = root, to: Front = deployed): Promise<string> {
  const { output } = await kms(to, caller, region, 'CreateKey')
  return output.KeyMetadata.KeyId
}

/** Every event of the log, newest first, as CloudTrail's records. */
// biome-ignore lint/suspicious/noExplicitAny: records as any client sees them
export async function lookup(to: Front, caller: Caller, region: string): Promise<any[]> {
  const records = []
  for (let NextToken: string | undefined; ; ) {
    const request = await signedRequest(caller, {
      service: 'cloudtrail',
      region,
      body: JSON.stringify({ NextToken }),
      headers: { 'x-amz-target': 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents' },
    })
    const { status, output } = await readAnswer(await to.fetch(request))
    if (status !== 200) throw new Error(`LookupEvents answered ${status} ${output.__type}`)
    for (const event of output.Events) records.push(JSON.parse(event.CloudTrailEvent))
    NextToken = output.NextToken
    if (!NextToken) return records
  }
}

/** GetCallerIdentity by a presigned URL. */
export async function callerIdentity(to: Front, caller: Caller): Promise<Response> {
  const url = `${origin}/?Action=GetCallerIdentity&Version=2011-06-15`
  const options = { credentials: caller, region: 'us-east-1', service: 'sts', nowMs: Date.now(), expiresSeconds: 60 }
  return to.fetch(new Request(await presignUrl({ method: 'GET', url }, options)))
}

export const manage = async (to: Front, caller: Caller, region: string, method: string, path: string, body?: object) =>
  readAnswer(
    await to.fetch(
      await signedRequest(caller, { region, method, path, ...(body ? { body: JSON.stringify(body) } : {}) }),
    ),
  )

export const vaultOf = (region: string, accountId = root.accountId) =>
  env.VAULT.get(env.VAULT.idFromName(`${accountId}:${region}`))
export const directoryOf = (accountId = root.accountId) => env.DIRECTORY.get(env.DIRECTORY.idFromName(accountId))

/** The object as a new deployment with these bindings would start it: nothing that it had in memory counts. */
export const redeploy = (stub: DurableObjectStub, changes: Partial<Env>): Promise<void> =>
  runInDurableObject(stub, (instance) => {
    Object.assign(instance, { env: { ...env, ...changes }, opening: undefined })
  })

/** A whole number from an SQL text, inside the object. */
export const sqlNumber = (stub: DurableObjectStub, query: string): Promise<number> =>
  runInDurableObject(stub, (_, state) => Number(Object.values(state.storage.sql.exec(query).one())[0]))

export interface User extends Caller {
  readonly userId: string
}

export const allow = (...actions: string[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] })
export const deny = (...actions: string[]) => allow(...actions).replace('Allow', 'Deny')

let users = 0
/** An IAM user of the first account with one access key and these policies. */
export async function newUser(policies: Record<string, string>, accountId = root.accountId): Promise<User> {
  const accessKeyId = encodeAccessKeyId(accountId, crypto.getRandomValues(new Uint8Array(5)))
  const secretAccessKey = `secret-of-user-${crypto.randomUUID()}`.slice(0, 40)
  const accessKey = { accessKeyId, secretAccessKey }
  const user = await directoryOf(accountId).createUser(accountId, { userName: `user${users++}`, policies, accessKey })
  return { accountId, ...accessKey, userId: user.userId }
}

export const base64 = (text: string) => btoa(text)
