import type { Case } from '../policy/cases'
import { becomePrincipal, jsonText, leave, makeIdentities } from './case-identities'
import { bringMaterial, type CaseKey, make, makeGrants, makeKey, openPolicy } from './case-keys'
import {
  type Answer,
  base64,
  type Caller,
  deployed,
  directoryOf,
  type Front,
  isolate,
  readAnswer,
  redeploy,
  root,
  signedRequest,
  vaultOf,
} from './front-door'
import { iam } from './identities'

/**
 * Makes the world of a decision case for real - users, roles, policies, keys, aliases, grants, each by its API over
 * signed HTTP - and then its call. Names and accounts are those of the case; ids are what the service gives out.
 */

type Members = Readonly<Record<string, unknown>>
export interface WorldCase extends Case {
  readonly topic: string
}

/** Why a case cannot be brought to the Worker. Undefined: it can. */
export function hindrance(each: WorldCase): string | undefined {
  const { principal, request, key, otherKey } = each
  const text = JSON.stringify(each)
  if (principal.type === 'service') return 'a service calls for itself'
  if (principal.type === 'anonymous') return 'the caller is anonymous'
  if (request.viaService !== undefined || request.onBehalfOfAwsService) return 'a service forwards the call'
  for (const name of Object.keys(request.context ?? {})) {
    if (!fromConnection.has(name)) return 'a condition key that no door sets'
  }
  if (notBuilt.has(request.operation)) return 'an operation that is not built'
  if (key?.multiRegion || otherKey?.multiRegion || request.params?.MultiRegion) return 'a multi-Region key'
  if (text.includes(':user/Alice"')) return 'names that differ in case alone'
  if (each.grants?.some(({ effective }) => effective === false) && !request.grantTokens) {
    return 'a grant that is not there yet'
  }
  return undefined
}

const fromConnection = new Set([
  'aws:SourceIp',
  'aws:UserAgent',
  'aws:SecureTransport',
  'aws:CurrentTime',
  'aws:EpochTime',
])
const notBuilt = new Set(['ReplicateKey', 'UpdatePrimaryRegion', 'DescribeCustomKeyStores'])

let worlds = 0
/** Of its own for each case. `us-west` is in patterns, so that the digit stays. */
function worldRegion(): string {
  let word = ''
  for (let n = worlds++ + 26 ** 2; n > 0; n = Math.floor(n / 26)) word += String.fromCharCode(97 + (n % 26))
  return `us-w${word}`
}

/** What an operation takes besides what the case says; `allowed` beyond a success means that the call went past the checks. */
const defaults: Readonly<Record<string, Members>> = {
  Encrypt: { Plaintext: base64('x') },
  GenerateDataKey: { KeySpec: 'AES_256' },
  GenerateDataKeyWithoutPlaintext: { KeySpec: 'AES_256' },
  GenerateDataKeyPair: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateMac: { Message: base64('x') },
  Sign: { Message: base64('x') },
  PutKeyPolicy: { Policy: openPolicy },
  ImportKeyMaterial: { EncryptedKeyMaterial: base64('x'), ImportToken: base64('x') },
}

/** Refusals that come after the checks, where nothing valid can be sent. */
const past: Readonly<Record<string, readonly string[]>> = { ImportKeyMaterial: ['InvalidImportTokenException'] }

/** The request body of the case. */
async function inputOf(region: string, each: Case, ids: Ids, made: ReadonlyMap<string, string>): Promise<Members> {
  const { request, principal } = each
  const { operation, params = {}, alias, otherAlias } = request
  const arn = (keyId: string) => `arn:aws:kms:${region}:${root.accountId}:key/${keyId}`
  const named = (name: string | undefined, keyId: string) =>
    name === undefined
      ? arn(keyId)
      : principal.account === root.accountId
        ? name
        : `arn:aws:kms:${region}:${root.accountId}:${name}`
  const own = ids.key === undefined ? undefined : named(alias, ids.key)
  const other = named(otherAlias, ids.other ?? ids.key ?? '')
  const GrantTokens = request.grantTokens?.map((token) => made.get(token) ?? token)
  const grantId = typeof params.GrantId === 'string' ? { GrantId: made.get(params.GrantId) } : {}
  const given: Members = { ...defaults[operation], ...params, ...grantId }
  const context = request.encryptionContext
  switch (operation) {
    case 'CreateAlias':
      return { ...given, TargetKeyId: own }
    case 'UpdateAlias':
      return { ...given, TargetKeyId: other }
    case 'Decrypt':
      return { ...given, KeyId: own, CiphertextBlob: ids.sealed, EncryptionContext: context, GrantTokens }
    case 'ReEncrypt':
      return {
        ...given,
        SourceKeyId: own,
        DestinationKeyId: other,
        CiphertextBlob: ids.sealed,
        SourceEncryptionContext: context,
        DestinationEncryptionContext: request.destinationEncryptionContext,
        GrantTokens,
      }
    case 'Sign':
      return { ...given, KeyId: own, GrantTokens, ...(given.MessageType === 'DIGEST' ? { Message: digest } : {}) }
    default: {
      const takesContext = context !== undefined && /^(Encrypt|GenerateDataKey)/.test(operation)
      return {
        ...given,
        ...(own === undefined || operation === 'DeleteAlias' ? {} : { KeyId: own }),
        ...(takesContext ? { EncryptionContext: context } : {}),
        ...(GrantTokens ? { GrantTokens } : {}),
      }
    }
  }
}

const digest = base64('x'.repeat(64))

interface Ids {
  readonly key?: string
  readonly other?: string
  readonly sealed?: string
}

/** The same case with the Region, key ids and unique ids of its world. */
function relabelled(each: WorldCase, place: string, ids: Ids, uniqueIds: readonly (readonly [string, string])[]) {
  let text = JSON.stringify(each).replaceAll('us-west', place)
  const rename = (from: string | undefined, to: string | undefined) => {
    if (from !== undefined && to !== undefined) text = text.replaceAll(from, to)
  }
  const idIn = (key: CaseKey | null | undefined) => key?.arn.split('/').at(-1)
  const own = idIn(each.key)
  rename(own, ids.key)
  if (own && ids.key) rename(`key/${own.slice(0, 4)}*`, `key/${ids.key.slice(0, 4)}*`)
  rename(idIn(each.otherKey), ids.other)
  for (const [label, id] of uniqueIds) rename(label, id)
  return JSON.parse(text) as WorldCase
}

/** The unique ids that the service gave the caller of the case, by label. */
async function uniqueIdsOf({ principal }: Case): Promise<(readonly [string, string])[]> {
  const arn = principal.roleArn ?? (principal.type === 'user' ? principal.arn : undefined)
  const label = principal.userId?.split(':')[0]
  if (!arn || !label || !principal.account) return []
  const found = await directoryOf(principal.account).resolvePrincipals(principal.account, [arn])
  const id = found[arn]
  return id ? [[label, id]] : []
}

const goneUser = 'AIDAEXAMPLEDELETED123'

async function withGoneUser(text: string, use: (text: string) => Promise<unknown>): Promise<void> {
  if (!text.includes(goneUser)) return void (await use(text))
  await iam(root, { Action: 'CreateUser', UserName: 'gone' })
  await use(text.replaceAll(goneUser, `arn:aws:iam::${root.accountId}:user/gone`))
  await iam(root, { Action: 'DeleteUser', UserName: 'gone' })
}

/** Policies of an organisation as KMS_ORGANIZATION says them; undefined when the case has none. */
function organizationOf({ principal, scp, rcp, key }: Case): string | undefined {
  if (!scp && !rcp && !principal.orgId) return undefined
  const id = principal.orgId ?? 'o-caseworlds1'
  // An id of another form is of another organisation, whatever it is.
  const orgId = /^o-[a-z0-9]{10,32}$/.test(id) ? id : 'o-otherorganization'
  const caller = principal.account ?? root.accountId
  const accounts: Record<string, object> = {
    [caller]: {
      ...(scp ? { serviceControlPolicies: scp } : {}),
      ...(principal.orgPaths ? { paths: principal.orgPaths } : {}),
    },
  }
  if (rcp && key) accounts[key.account] = { ...accounts[key.account], resourceControlPolicies: rcp }
  return JSON.stringify({ id: orgId, accounts })
}

export interface Played {
  readonly answer: Answer
  /** Whether the service let the call pass. Undefined: it refused it for something else than authorization. */
  readonly got: 'allow' | 'deny' | undefined
  /** The same under a lease, for operations that run there. */
  readonly leased?: Played['got']
}

const repeatable = new Set([
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GenerateRandom',
  'ReEncrypt',
  'Sign',
])

/** Makes the world of a case, makes its call as its caller, and takes the identities' policies away again. */
export async function play(each: WorldCase, atMs: (ms: number | undefined) => void): Promise<Played> {
  const place = worldRegion()
  const region = `${place}-2`
  try {
    await makeIdentities(each)
    const { ids, made } = await makeKeys(region, place, each)
    const here = relabelled(each, place, ids, await uniqueIdsOf(each))
    await putPolicies(region, here, ids)
    const caller = await becomePrincipal(here)
    const input = await inputOf(region, here, ids, made)
    const organization = organizationOf(here)
    const changes = organization === undefined ? {} : { KMS_ORGANIZATION: organization }
    if (organization !== undefined) {
      await redeploy(vaultOf(region, here.key?.account ?? String(here.principal.account)), changes)
    }
    const time = here.request.context?.['aws:CurrentTime'] ?? here.request.context?.['aws:EpochTime']
    if (time !== undefined) atMs(Number.isNaN(Number(time)) ? Date.parse(String(time)) : Number(time) * 1000)
    const ask = async (to: Front) => readAnswer(await to.fetch(await requestOf(here, region, caller, input)))
    const answer = await ask(organization === undefined ? deployed : isolate(changes))
    if (!repeatable.has(here.request.operation)) return { answer, got: verdict(here, answer) }
    // What changes nothing is asked once more of an isolate that decides by itself.
    const leased = isolate({ ...changes, KMS_LEASE_SECONDS: '60' })
    const again = await ask(leased)
    await leased.settled()
    return { answer, got: verdict(here, answer), leased: verdict(here, again) }
  } finally {
    atMs(undefined)
    await leave()
  }
}

async function makeKeys(region: string, place: string, each: WorldCase) {
  const made = new Map<string, string>()
  const { request, key, otherKey } = each
  const { operation, params, alias, otherAlias } = request
  if (!key) return { ids: {}, made }
  const named = (from: CaseKey, name: string | undefined): CaseKey =>
    name === undefined || from.aliases?.includes(name) ? from : { ...from, aliases: [...(from.aliases ?? []), name] }
  const changesAlias = operation === 'UpdateAlias' || operation === 'DeleteAlias'
  const id = await makeKey(region, named(key, alias ?? (changesAlias ? String(params?.AliasName) : undefined)))
  const other = otherKey ? await makeKey(region, named(otherKey, otherAlias)) : undefined
  const opens = operation === 'Decrypt' || operation === 'ReEncrypt'
  if (opens && key.origin === 'EXTERNAL') await bringMaterial(region, id)
  const sealed = opens
    ? await make(region, 'Encrypt', { KeyId: id, Plaintext: base64('x'), EncryptionContext: request.encryptionContext })
    : undefined
  const ids: Ids = { key: id, ...(other ? { other } : {}), ...(sealed ? { sealed: sealed.CiphertextBlob } : {}) }
  const here = relabelled(each, place, ids, [])
  await makeGrants(region, id, here.grants, made)
  if (other) await makeGrants(region, other, here.otherKey?.grants, made)
  return { ids, made }
}

async function putPolicies(region: string, each: Case, ids: Ids): Promise<void> {
  const put = (KeyId: string, text: string) =>
    make(region, 'PutKeyPolicy', { KeyId, Policy: text, BypassPolicyLockoutSafetyCheck: true })
  // The lock-out cases take it for granted that the caller may change the policy now.
  const everybody = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
  }
  const own = each.kind === 'lockout' ? everybody : each.keyPolicy
  if (ids.key && own) await withGoneUser(jsonText(own), (text) => put(ids.key as string, text))
  if (ids.other && each.otherKey?.keyPolicy) await put(ids.other, jsonText(each.otherKey.keyPolicy))
}

async function requestOf({ request }: Case, region: string, caller: Caller, input: Members): Promise<Request> {
  const { operation, context = {} } = request
  const headers: Record<string, string> = { 'x-amz-target': `TrentService.${operation}` }
  if (context['aws:SourceIp'] !== undefined) headers['cf-connecting-ip'] = String(context['aws:SourceIp'])
  if (context['aws:UserAgent'] !== undefined) headers['user-agent'] = String(context['aws:UserAgent'])
  const signed = await signedRequest(caller, { region, body: JSON.stringify(input), headers })
  const isSecure = String(context['aws:SecureTransport'] ?? 'true') === 'true'
  return isSecure ? new Request(signed.url.replace('http:', 'https:'), signed) : signed
}

function verdict({ kind, request }: Case, { status, code }: Answer): Played['got'] {
  const refusal = kind === 'lockout' ? 'MalformedPolicyDocumentException' : 'AccessDeniedException'
  if (code === refusal) return 'deny'
  return status === 200 || (code !== undefined && past[request.operation]?.includes(code)) ? 'allow' : undefined
}
