import { isAccountId } from '../src/codec/arn'
import { KmsError } from '../src/model/errors'
import type { Governance } from '../src/operations/kms'
import { compilePolicy } from '../src/policy/compile'
import type { Policy } from '../src/policy/types'

/** The form of KMS_ORGANIZATION; docs/deployment.md. */
export const organizationForm =
  '{"id":"o-…","accounts":{"<12 digits>":{"paths":["…"],"serviceControlPolicies":[[{…}]],"resourceControlPolicies":[{…}]}}}'

/** By account. Throws TypeError with a sentence that quotes no value for anything of another form. */
export function readOrganization(text: string): ReadonlyMap<string, Governance> {
  const organization = object(parse(text), 'KMS_ORGANIZATION must be JSON of the form')
  const orgId = organization.id
  if (typeof orgId !== 'string' || !/^o-[a-z0-9]{10,32}$/.test(orgId)) {
    throw new TypeError('KMS_ORGANIZATION must have an id of the form o-…')
  }
  const accounts = object(organization.accounts, 'KMS_ORGANIZATION must have the member accounts, an object like')
  return new Map(Object.entries(accounts).map(([accountId, value]) => [accountId, governance(orgId, accountId, value)]))
}

function governance(orgId: string, accountId: string, value: unknown): Governance {
  if (!isAccountId(accountId)) throw new TypeError('KMS_ORGANIZATION names accounts by their 12 digits.')
  const account = object(value, 'KMS_ORGANIZATION must describe each account by an object like')
  const { paths, serviceControlPolicies: levels, resourceControlPolicies: rcps } = account
  const where = `of account ${accountId} in KMS_ORGANIZATION`
  return {
    orgId,
    ...(paths === undefined ? {} : { orgPaths: strings(paths, `paths ${where}`) }),
    ...(levels === undefined
      ? {}
      : {
          scp: list(levels, `serviceControlPolicies ${where}`).map((level, index) =>
            list(level, `level ${index + 1} of serviceControlPolicies ${where}`).map((document, nth) =>
              compile('scp', document, `service control policy ${index + 1}.${nth + 1} ${where}`),
            ),
          ),
        }),
    ...(rcps === undefined
      ? {}
      : {
          rcp: list(rcps, `resourceControlPolicies ${where}`).map((document, nth) =>
            compile('rcp', document, `resource control policy ${nth + 1} ${where}`),
          ),
        }),
  }
}

function compile(kind: 'scp' | 'rcp', document: unknown, name: string): Policy {
  try {
    return compilePolicy(JSON.stringify(document), { kind, name })
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw new TypeError(`The ${name} is malformed: ${error.message}`)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller has the sentence
  }
}

function object(value: unknown, sentence: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${sentence} ${organizationForm}.`)
  }
  return value as Readonly<Record<string, unknown>>
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`The ${what} must be a list.`)
  return value
}

function strings(value: unknown, what: string): readonly string[] {
  const items = list(value, what)
  if (!items.every((item) => typeof item === 'string')) throw new TypeError(`The ${what} must be a list of texts.`)
  return items as readonly string[]
}
