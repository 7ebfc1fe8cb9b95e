import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { httpKms } from '../../src/client'
import { signRequest } from '../../src/identity/sigv4'
import { accountId, type Credentials, region, rootUser } from './server'

/** What the examples need of a running server: keys, users and roles, made by its root user. */

async function iam(url: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const body = new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString()
  const request = {
    method: 'POST',
    url: `${url}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  }
  const options = { credentials: rootUser, region: 'us-east-1', service: 'iam', nowMs: Date.now() }
  const response = await fetch(request.url, { method: 'POST', headers: await signRequest(request, options), body })
  const text = await response.text()
  if (!response.ok) throw new Error(`${parameters.Action}: ${text}`)
  return text
}

const textOf = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const allow = (Action: string | readonly string[]) => document({ Effect: 'Allow', Action, Resource: '*' })

export async function newKeyArn(url: string): Promise<string> {
  const kms = httpKms({ endpoint: url, region, credentials: rootUser })
  const { KeyMetadata } = await kms.call('CreateKey', {})
  if (!KeyMetadata?.Arn) throw new Error('CreateKey gave no key')
  return KeyMetadata.Arn
}

/** The ARN of a role that these principals may assume, and that may do this. */
export async function newRoleArn(url: string, trusted: object, actions: readonly string[]): Promise<string> {
  const RoleName = `role-${crypto.randomUUID().slice(0, 8)}`
  const trust = document({ Effect: 'Allow', Principal: trusted, Action: 'sts:AssumeRole' })
  await iam(url, { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: trust })
  await iam(url, { Action: 'PutRolePolicy', RoleName, PolicyName: 'p', PolicyDocument: allow(actions) })
  return `arn:aws:iam::${accountId}:role/${RoleName}`
}

export async function newUser(url: string, actions: readonly string[]): Promise<Credentials> {
  const UserName = `user-${crypto.randomUUID().slice(0, 8)}`
  await iam(url, { Action: 'CreateUser', UserName })
  await iam(url, { Action: 'PutUserPolicy', UserName, PolicyName: 'p', PolicyDocument: allow(actions) })
  const xml = await iam(url, { Action: 'CreateAccessKey', UserName })
  return { accessKeyId: textOf(xml, 'AccessKeyId'), secretAccessKey: textOf(xml, 'SecretAccessKey') }
}

/** An example as one module. */
export async function bundled(entry: string, platform: 'browser' | 'node'): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('../../', import.meta.url)),
    entryPoints: [`examples/${entry}`],
    bundle: true,
    write: false,
    format: 'esm',
    platform,
    target: 'es2024',
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
