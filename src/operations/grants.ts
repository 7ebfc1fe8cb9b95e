import { encodeHex } from '../codec/bytes'
import {
  type GrantRecord,
  grantNameRowId,
  grantOwner,
  grantRowId,
  type OutboxMessage,
  partyId,
  type RetirableRecord,
} from '../keys/grant-records'
import { asArn, type GrantTerms, grantTerms, requireGrantable, sameTerms } from '../keys/grants'
import { requireState } from '../keys/guards'
import type { KeyRecord } from '../keys/records'
import { grantNotFound, grantQuota, invalidPrincipalArn, validation } from '../model/errors'
import type { GrantListEntry } from '../model/generated/types'
import { limits } from '../model/limits'
import { isGrantPrincipal } from '../policy/grant-principals'
import { accountOfArn, isPinned } from '../policy/pins'
import { foreignKeyDenied } from '../policy/texts'
import type { Call } from './call'
import { findKey } from './find-key'
import { newGrantToken, openGrantToken } from './grant-tokens'
import type { Handler } from './handler'
import { pageOf } from './paging'
import { findSettledKey } from './settle'

const grantIdBytes = 32

type NewGrant = Omit<GrantRecord, 'grantId' | 'createdAtMs'>

/**
 * CreateGrant: at once, for everybody; the token is for callers of a lagging copy, and to retire the grant. The same name
 * with the same terms gives the same grant and another token; without a name there is always a new grant.
 * Throws in the order of the lines below. Source: AWS API reference, CreateGrant; docs/behaviour.md, grants.
 */
export const createGrant: Handler<'CreateGrant'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  const terms = grantTerms(key, input, call.principal.accountId ?? key.accountId)
  await call.authorize(key, 'CreateGrant', { childGrant: { ...terms, grantId: '' } })
  requireState(key, 'CreateGrant')
  requireGrantable(key, input)
  const pins = await pinParties(call, terms)
  const wanted = { ...terms, ...(Object.keys(pins).length ? { pins } : {}) }
  const known = await findNamed(call, wanted)
  const count = (await call.find('grantTally', key.keyId))?.count ?? 0
  if (!known && count >= limits.grantsPerKey) throw grantQuota(limits.grantsPerKey)
  call.stopIfDryRun(input)

  const grant = known ?? (await addGrant(call, key, wanted, count))
  return { GrantToken: await newGrantToken(call, grant), GrantId: grant.grantId }
}

/** Unique ids of the users and roles among the parties. InvalidArnException for a party who is nobody. */
async function pinParties(call: Call, terms: GrantTerms): Promise<Record<string, string>> {
  const parties = [terms.granteePrincipal, terms.retiringPrincipal].filter((arn) => arn !== undefined)
  for (const arn of parties) if (!isGrantPrincipal(arn)) throw invalidPrincipalArn(arn)
  const named = parties.filter((arn) => isPinned(arn) && !arn.endsWith(':root'))
  const found = named.length ? await call.kms.identity.resolvePrincipals(named) : {}
  const pins: Record<string, string> = {}
  for (const arn of named) {
    const id = found[arn]
    if (id === null || id === undefined) throw invalidPrincipalArn(arn)
    pins[arn] = id
  }
  return pins
}

/** A name that somebody else has now makes other terms of the same words. */
async function findNamed(call: Call, terms: NewGrant): Promise<GrantRecord | undefined> {
  if (terms.name === undefined) return undefined
  const names = await call.find('grantName', grantNameRowId(terms.keyId, terms.name))
  for (const grantId of names?.grantIds ?? []) {
    const grant = await call.find('grant', grantRowId(terms.keyId, grantId))
    if (grant && sameTerms(grant, terms)) return grant
  }
  return undefined
}

async function addGrant(call: Call, key: KeyRecord, terms: NewGrant, count: number): Promise<GrantRecord> {
  const grantId = encodeHex(call.kms.crypto.random(grantIdBytes))
  const grant: GrantRecord = { ...terms, grantId, createdAtMs: call.nowMs }
  call.put('grant', grantRowId(key.keyId, grantId), grant)
  call.put('grantTally', key.keyId, { keyId: key.keyId, count: count + 1 })
  if (grant.name !== undefined) {
    const nameId = grantNameRowId(key.keyId, grant.name)
    const { grantIds } = (await call.find('grantName', nameId)) ?? { grantIds: [] }
    call.put('grantName', nameId, { keyId: key.keyId, grantIds: [...grantIds, grantId] })
  }
  await tellRetiring(call, key, grant, true)
  return grant
}

async function removeGrant(call: Call, key: KeyRecord, grant: GrantRecord): Promise<void> {
  call.put('grant', grantRowId(key.keyId, grant.grantId), null)
  const tally = await call.find('grantTally', key.keyId)
  if (tally) call.put('grantTally', key.keyId, { ...tally, count: Math.max(0, tally.count - 1) })
  if (grant.name !== undefined) {
    const nameId = grantNameRowId(key.keyId, grant.name)
    const name = await call.find('grantName', nameId)
    const left = name?.grantIds.filter((id) => id !== grant.grantId) ?? []
    if (name) call.put('grantName', nameId, left.length ? { ...name, grantIds: left } : null)
  }
  await tellRetiring(call, key, grant, false)
}

/** ListRetirableGrants looks in the Vault of the retiring principal's own account, which may be another one. */
async function tellRetiring(call: Call, key: KeyRecord, grant: GrantRecord, exists: boolean): Promise<void> {
  const { retiringPrincipal, retiringServicePrincipal } = grant
  const retiringParty = retiringPrincipal ? partyId(retiringPrincipal, grant.pins) : retiringServicePrincipal
  if (retiringParty === undefined) return
  const id = grantRowId(key.keyId, grant.grantId)
  const record: RetirableRecord | null = exists ? { retiringParty, keyArn: key.arn, grant } : null
  const accountId = retiringPrincipal ? accountOfArn(retiringPrincipal) : key.accountId
  if (accountId === key.accountId) {
    if (!exists) await call.find('retirable', id)
    call.put('retirable', id, record)
  } else if (call.kms.outbox) {
    const message: OutboxMessage = { kind: 'retirable', id, record }
    const to = { accountId, region: call.kms.home.region }
    call.put('outbox', call.newUuid(), { to, dueAtMs: call.nowMs, message })
  }
}

/** ListGrants: by grant id; in every key state. A party that is gone shows its unique id. */
export const listGrants: Handler<'ListGrants'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const grantee = input.GranteePrincipal === undefined ? input.GranteeServicePrincipal : asArn(input.GranteePrincipal)
  const party = grantee === undefined ? undefined : await partyOf(call, grantee)
  const filter = JSON.stringify([key.keyId, input.GrantId ?? null, grantee ?? null])
  const page = await pageOf(call, input, filter, async (after, limit) => {
    const grants = await grantsAfter(call, key, { after, limit, grantId: input.GrantId, party })
    return grants.map((grant) => ({ position: grant.grantId, item: grant }))
  })
  return {
    Grants: await shownGrants(
      call,
      page.items.map((grant) => ({ keyArn: key.arn, grant })),
    ),
    ...page.members,
  }
}

interface GrantQuery {
  /** A grant id. */
  readonly after: string | undefined
  readonly limit: number
  readonly grantId: string | undefined
  readonly party: string | undefined
}

/** Who a name means now. */
async function partyOf(call: Call, principal: string): Promise<string> {
  if (!isGrantPrincipal(principal) || !isPinned(principal) || principal.endsWith(':root')) return principal
  const id = (await call.kms.identity.resolvePrincipals([principal]))[principal]
  return partyId(principal, id ? { [principal]: id } : undefined)
}

const granteeParty = (grant: GrantRecord) =>
  grant.granteePrincipal === undefined ? grant.granteeServicePrincipal : partyId(grant.granteePrincipal, grant.pins)

async function grantsAfter(call: Call, key: KeyRecord, query: GrantQuery): Promise<GrantRecord[]> {
  const { after, limit, grantId, party } = query
  if (grantId !== undefined) {
    const grant = after === undefined ? await call.find('grant', grantRowId(key.keyId, grantId)) : undefined
    return grant && (party === undefined || granteeParty(grant) === party) ? [grant] : []
  }
  const rows = await call.kms.storage.list('grant', {
    limit,
    after: grantRowId(key.keyId, after ?? ''),
    ...(party === undefined ? {} : { owner: grantOwner(key.keyId, party) }),
  })
  return rows.map(({ value }) => value).filter((grant) => grant.keyId === key.keyId)
}

async function shownGrants(
  call: Call,
  grants: readonly { readonly keyArn: string; readonly grant: GrantRecord }[],
): Promise<GrantListEntry[]> {
  const pins = grants.flatMap(({ grant }) => Object.entries(grant.pins ?? {}))
  const accounts = [...new Set(pins.map(([arn]) => accountOfArn(arn)))]
  const ids = [...new Set(pins.map(([, id]) => id))]
  const present = ids.length ? await call.kms.identity.principalArns(ids, accounts) : {}
  return grants.map(({ keyArn, grant }) => grantEntry(keyArn, grant, present))
}

function grantEntry(keyArn: string, grant: GrantRecord, present: Readonly<Record<string, string>>): GrantListEntry {
  const shown = (arn: string) => {
    const id = grant.pins?.[arn]
    if (id === undefined) return arn
    if (present[id] === undefined) return partyId(arn, grant.pins)
    return arn.includes(':assumed-role/') ? arn : present[id]
  }
  return {
    KeyId: keyArn,
    GrantId: grant.grantId,
    ...(grant.name === undefined ? {} : { Name: grant.name }),
    CreationDate: new Date(grant.createdAtMs),
    ...(grant.granteePrincipal === undefined ? {} : { GranteePrincipal: shown(grant.granteePrincipal) }),
    ...(grant.retiringPrincipal === undefined ? {} : { RetiringPrincipal: shown(grant.retiringPrincipal) }),
    ...(grant.granteeServicePrincipal === undefined ? {} : { GranteeServicePrincipal: grant.granteeServicePrincipal }),
    ...(grant.retiringServicePrincipal === undefined
      ? {}
      : { RetiringServicePrincipal: grant.retiringServicePrincipal }),
    IssuingAccount: grant.issuingAccount,
    Operations: [...grant.operations] as GrantListEntry['Operations'],
    ...(grant.constraints ? { Constraints: grant.constraints } : {}),
  }
}

/**
 * ListRetirableGrants: the grants in this Region, on whoever's keys, that a principal of the caller's account may retire.
 * Identity policies decide, with the retiring principal as resource (docs/behaviour.md, grants).
 */
export const listRetirableGrants: Handler<'ListRetirableGrants'> = async (call, input) => {
  const { RetiringPrincipal, RetiringServicePrincipal } = input
  if ((RetiringPrincipal === undefined) === (RetiringServicePrincipal === undefined)) {
    throw validation('Exactly one of RetiringPrincipal and RetiringServicePrincipal must be specified.')
  }
  const principal = RetiringPrincipal === undefined ? (RetiringServicePrincipal as string) : asArn(RetiringPrincipal)
  if (RetiringPrincipal !== undefined && !isGrantPrincipal(principal)) throw invalidPrincipalArn(principal)
  call.authorizeRetiring(principal)
  const owner = await partyOf(call, principal)
  const page = await pageOf(call, input, principal, async (after, limit) => {
    const found: { position: string; item: RetirableRecord }[] = []
    let position = after
    while (found.length < limit) {
      const rows = await call.kms.storage.list('retirable', {
        owner,
        limit,
        ...(position === undefined ? {} : { after: position }),
      })
      for (const { id, value } of rows) if (await stillStands(call, value)) found.push({ position: id, item: value })
      position = rows.at(-1)?.id
      if (rows.length < limit) break
    }
    return found.slice(0, limit)
  })
  return { Grants: await shownGrants(call, page.items), ...page.members }
}

/** Grants end with their key; of another account's key its own Vault says so. */
async function stillStands(call: Call, { keyArn, grant }: RetirableRecord): Promise<boolean> {
  if (accountOfArn(keyArn) !== call.kms.home.accountId) return true
  return (await findSettledKey(call, grant.keyId)) !== undefined
}

/** RevokeGrant: by key policy and identity policies alone. */
export const revokeGrant: Handler<'RevokeGrant'> = async (call, input) => {
  const key = await findKey(call, input.KeyId, 'key')
  await call.authorize(key)
  const grant = await call.find('grant', grantRowId(key.keyId, input.GrantId))
  if (!grant) throw grantNotFound(input.GrantId)
  call.stopIfDryRun(input)
  await removeGrant(call, key, grant)
}

/**
 * RetireGrant: by token, or by key and grant id; the grant itself says who may (docs/behaviour.md, grants).
 */
export const retireGrant: Handler<'RetireGrant'> = async (call, input) => {
  const { key, grant } = await findRetired(call, input)
  await call.authorize(key, 'RetireGrant', { retiredGrant: grant })
  call.stopIfDryRun(input)
  await removeGrant(call, key, grant)
}

async function findRetired(
  call: Call,
  input: {
    readonly GrantToken?: string | undefined
    readonly KeyId?: string | undefined
    readonly GrantId?: string | undefined
  },
): Promise<{ readonly key: KeyRecord; readonly grant: GrantRecord }> {
  const { GrantToken, KeyId, GrantId } = input
  if (GrantToken !== undefined) {
    if (KeyId !== undefined || GrantId !== undefined) {
      throw validation('Specify either a grant token or a key id with a grant id.')
    }
    const grant = await call.find('grant', await openGrantToken(call, GrantToken))
    const key = grant && (await findSettledKey(call, grant.keyId))
    if (!grant || !key) throw grantNotFound()
    call.resources.push(key.arn)
    return { key, grant }
  }
  if (KeyId === undefined || GrantId === undefined) {
    throw validation('Specify either a grant token or a key id with a grant id.')
  }
  const key = await findKey(call, KeyId, 'key')
  const grant = await call.find('grant', grantRowId(key.keyId, GrantId))
  // Whoever may not list the grants of another account's key must not find out which there are.
  if (!grant) throw call.isLocal ? grantNotFound(GrantId) : foreignKeyDenied(call.caller.arn, 'kms:RetireGrant')
  return { key, grant }
}
