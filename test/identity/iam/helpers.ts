import { createMemoryStorage } from '../../../src/adapters/memory/storage'
import { createRootCrypto, importRootKeys } from '../../../src/adapters/webcrypto'
import { DirectoryService } from '../../../src/identity/directory'
import { createIamCall, iamActions } from '../../../src/identity/iam'
import { createPrincipalLookup } from '../../../src/identity/principal-lookup'
import type { SignedPrincipal } from '../../../src/policy/principal'
import { performQuery } from '../../../src/wire/query'

export const accountId = '111122223333'
export const rootKeyId = 'AKIAROOTEXAMPLE00001'
export const root: SignedPrincipal = { kind: 'root', accountId, accessKeyId: rootKeyId }
export const arn = (rest: string) => `arn:aws:iam::${accountId}:${rest}`
export const allow = (Action: string | string[], Resource = '*', Condition?: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource, Condition }] })
export const trust = (principal: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }],
  })

/** Parameters by name; a list becomes `Name.member.n`. */
export type Parameters = Readonly<Record<string, string | readonly (string | Readonly<Record<string, string>>)[]>>

export function flatten(parameters: Parameters): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string') flat.set(name, value)
    else
      value.forEach((item, index) => {
        const at = `${name}.member.${index + 1}`
        if (typeof item === 'string') flat.set(at, item)
        else for (const [key, member] of Object.entries(item)) flat.set(`${at}.${key}`, member)
      })
  }
  return flat
}

const rootKeys = `a:${btoa('a'.repeat(32))}`

/** One account over memory, driven as the wire drives it. */
export async function openAccount() {
  const storage = createMemoryStorage()
  const crypto = createRootCrypto({ roots: await importRootKeys(rootKeys), accountId, region: 'directory' })
  const clock = { ms: Date.UTC(2026, 10, 24, 12, 0, 0) }
  const dropped: number[] = []
  const faults: unknown[] = []
  const directory = new DirectoryService({
    accountId,
    storage,
    crypto,
    wallMs: () => clock.ms,
    dropCopies: async (version) => void dropped.push(version),
    isRootKey: (accessKeyId) => accessKeyId === rootKeyId,
  })
  const lookup = createPrincipalLookup({ isKept: (id) => id === accountId, directory: () => directory })
  const parts = { directory, crypto, wallMs: () => clock.ms, lookup }

  /** Status and XML. */
  async function ask(action: string, parameters: Parameters = {}, principal: SignedPrincipal = root) {
    const query = {
      service: 'iam',
      target: action,
      requestId: 'r',
      parameters: flatten({ Version: '2010-05-08', ...parameters }),
    } as const
    const call = createIamCall(parts, { principal, region: 'us-east-1', secureTransport: true })
    return performQuery(query, iamActions, call, (fault) => void faults.push(fault))
  }

  /** The XML of an action that must succeed. */
  async function done(action: string, parameters: Parameters = {}, principal: SignedPrincipal = root): Promise<string> {
    const { status, body } = await ask(action, parameters, principal)
    if (status !== 200) throw new Error(`${action}: ${body}`)
    return body
  }

  /** `Code status: message` of an action that must be refused. */
  async function refused(action: string, parameters: Parameters = {}, principal: SignedPrincipal = root) {
    const { status, body } = await ask(action, parameters, principal)
    return `${textOf(body, 'Code')} ${status}: ${plainText(textOf(body, 'Message') ?? '')}`
  }

  /** A user with an access key, as the caller of later actions. */
  async function newCaller(userName: string, policy?: string): Promise<Extract<SignedPrincipal, { kind: 'user' }>> {
    await done('CreateUser', { UserName: userName })
    if (policy !== undefined) {
      await done('PutUserPolicy', { UserName: userName, PolicyName: 'own', PolicyDocument: policy })
    }
    const accessKeyId = textOf(await done('CreateAccessKey', { UserName: userName }), 'AccessKeyId') ?? ''
    const found = await directory.findAccessKey(accessKeyId)
    if (!found) throw new Error('the new key is not found')
    return found.principal
  }

  return { storage, crypto, clock, dropped, faults, directory, ask, done, refused, newCaller }
}

export const textOf = (xml: string, element: string): string | undefined =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1]
export const textsOf = (xml: string, element: string): string[] =>
  [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map((match) => match[1] ?? '')

const plainText = (text: string) =>
  text
    .replaceAll('&apos;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
