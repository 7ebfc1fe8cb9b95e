import type { OidcProviderRecord } from '../../keys/records'
import { providerArn } from '../names'
import type { Transaction } from '../transaction'
import { action, type IamCall } from './action'
import { date } from './answers'
import { arn, listOf, tags, text } from './fields'
import { requestTagFacts, resourceTagFacts } from './holders'
import { invalidProviderUrl, invalidThumbprint, providerExists, providerNotFound, tooManyClientIds } from './refusals'

/** Of one provider (IAM user guide, quotas). */
export const maxClientIds = 100
const clientId = text({ min: 1, max: 255 })
const clientIds = listOf(clientId, maxClientIds)
const thumbprints = listOf(text({ min: 40, max: 40 }), 5)
const urlField = text({ min: 1, max: 255 })

/** The issuer without `https://`: a host in lower case, and a path if there is one. No port, query or user. */
function takeUrl(given: string): string {
  const match = /^https:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)((?:\/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*)$/i.exec(given)
  if (!match) throw invalidProviderUrl()
  return `${match[1]?.toLowerCase()}${match[2]}`
}

/** SHA-1 digests of certificates; kept and shown, but tokens are trusted by the platform's own TLS checks. */
function requireThumbprints(list: readonly string[]): readonly string[] {
  if (!list.every((each) => /^[0-9a-f]{40}$/i.test(each))) throw invalidThumbprint()
  return list
}

export async function findProviderByArn(
  tx: Pick<Transaction, 'find'>,
  { accountId }: Pick<IamCall, 'accountId'>,
  given: string,
): Promise<OidcProviderRecord | undefined> {
  const prefix = providerArn(accountId, '')
  return given.startsWith(prefix) ? tx.find('oidcProvider', given.slice(prefix.length)) : undefined
}

export async function requireProvider(tx: Transaction, call: IamCall, given: string): Promise<OidcProviderRecord> {
  const provider = await findProviderByArn(tx, call, given)
  if (!provider) throw providerNotFound(given)
  return provider
}

const onProvider = {
  shape: { OpenIDConnectProviderArn: arn },
  async checks({ args, tx, call }: { args: { OpenIDConnectProviderArn: string }; tx: Transaction; call: IamCall }) {
    const provider = await findProviderByArn(tx, call, args.OpenIDConnectProviderArn)
    return { resource: args.OpenIDConnectProviderArn, facts: provider ? resourceTagFacts(provider.tags) : {} }
  },
}

export const createProvider = action({
  shape: { Url: urlField, ClientIDList: clientIds, ThumbprintList: thumbprints, Tags: tags },
  checks({ args, call }) {
    const resource = providerArn(call.accountId, takeUrl(args.Url))
    const facts = requestTagFacts(args.Tags)
    const tagging = args.Tags.length ? [{ action: 'iam:TagOpenIDConnectProvider', resource, facts }] : []
    return [{ resource, facts }, ...tagging]
  },
  async handle({ args, tx, call }) {
    const url = takeUrl(args.Url)
    if (await tx.find('oidcProvider', url)) throw providerExists(url)
    tx.put('oidcProvider', url, {
      url,
      createdAtMs: call.wallMs(),
      clientIds: [...new Set(args.ClientIDList)],
      thumbprints: requireThumbprints(args.ThumbprintList),
      tags: args.Tags,
    })
    return {
      OpenIDConnectProviderArn: providerArn(call.accountId, url),
      ...(args.Tags.length ? { Tags: args.Tags.map((tag) => ({ ...tag })) } : {}),
    }
  },
})

export const getProvider = action({
  ...onProvider,
  async handle({ args, tx, call }) {
    const provider = await requireProvider(tx, call, args.OpenIDConnectProviderArn)
    return {
      Url: provider.url,
      ClientIDList: provider.clientIds,
      ThumbprintList: provider.thumbprints,
      CreateDate: date(provider.createdAtMs),
      ...(provider.tags.length ? { Tags: provider.tags.map((tag) => ({ ...tag })) } : {}),
    }
  },
})

/** All of them: there are no pages. */
export const listProviders = action({
  shape: {},
  checks: () => ({ resource: '*' }),
  async handle({ tx, call }) {
    const providers = await tx.list('oidcProvider', { limit: 1000 })
    return { OpenIDConnectProviderList: providers.map(({ id }) => ({ Arn: providerArn(call.accountId, id) })) }
  },
})

/** No error for one that is not there. */
export const deleteProvider = action({
  ...onProvider,
  async handle({ args, tx, call }) {
    const provider = await findProviderByArn(tx, call, args.OpenIDConnectProviderArn)
    if (provider) tx.put('oidcProvider', provider.url, null)
  },
})

/** No error for a client id that is there already. */
export const addClientId = action({
  ...onProvider,
  shape: { ...onProvider.shape, ClientID: clientId },
  async handle({ args, tx, call }) {
    const provider = await requireProvider(tx, call, args.OpenIDConnectProviderArn)
    if (provider.clientIds.includes(args.ClientID)) return
    if (provider.clientIds.length >= maxClientIds) throw tooManyClientIds(maxClientIds)
    tx.put('oidcProvider', provider.url, { ...provider, clientIds: [...provider.clientIds, args.ClientID] })
  },
})

/** No error for a client id that is not there. */
export const removeClientId = action({
  ...onProvider,
  shape: { ...onProvider.shape, ClientID: clientId },
  async handle({ args, tx, call }) {
    const provider = await requireProvider(tx, call, args.OpenIDConnectProviderArn)
    if (!provider.clientIds.includes(args.ClientID)) return
    const kept = provider.clientIds.filter((each) => each !== args.ClientID)
    tx.put('oidcProvider', provider.url, { ...provider, clientIds: kept })
  },
})

export const updateThumbprint = action({
  ...onProvider,
  shape: { ...onProvider.shape, ThumbprintList: thumbprints },
  async handle({ args, tx, call }) {
    const provider = await requireProvider(tx, call, args.OpenIDConnectProviderArn)
    tx.put('oidcProvider', provider.url, { ...provider, thumbprints: requireThumbprints(args.ThumbprintList) })
  },
})
