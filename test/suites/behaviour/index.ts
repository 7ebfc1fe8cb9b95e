import { describe } from 'vitest'
import { accounts } from './accounts'
import { accountsTogether } from './accounts-together'
import { agreement } from './agreement'
import { aliases } from './aliases'
import { audit } from './audit'
import { concurrency } from './concurrency'
import { conditionKeys } from './conditions'
import { dataKeys } from './data-keys'
import { decisions } from './decisions'
import { decryption } from './decryption'
import { deletion } from './deletion'
import { dryRun } from './dry-run'
import { encryption } from './encryption'
import { fuzz } from './fuzz'
import { grantChildren } from './grant-children'
import { grantEnds } from './grant-ends'
import { grantTerms } from './grant-terms'
import { grantTokens } from './grant-tokens'
import { grantUse } from './grant-use'
import { grants } from './grants'
import type { Open } from './harness'
import { identifiers } from './identifiers'
import { importing } from './import'
import { kem } from './kem'
import { keyDecisions } from './key-decisions'
import { keyPairs } from './key-pairs'
import { keys } from './keys'
import { macs } from './macs'
import { managedKeys } from './managed-keys'
import { notBuilt } from './not-built'
import { outbox } from './outbox'
import { ownedKeys } from './owned-keys'
import { paging } from './paging'
import { policies } from './policies'
import { policyWriters } from './policy-writers'
import { properties } from './properties'
import { publicKeys } from './public-keys'
import { rotation } from './rotation'
import { rsaEncryption } from './rsa-encryption'
import { sequences } from './sequences'
import { signing } from './signing'
import { specs } from './specs'
import { statesSweep } from './states'
import { tagging } from './tags'
import { tokens } from './tokens'

/** How often each random test runs: runtimes differ in speed. */
export interface Effort {
  readonly properties: number
  readonly sequences: number
  /** Per operation. */
  readonly fuzz: number
  /** Whether keys of this composition sign what is hashed already: native browser keys do not. */
  readonly digests: boolean
}

/** Everything that a composed service does, over whatever it is composed of. Source: docs/behaviour.md. */
export function behaviour(name: string, open: Open, effort: Effort): void {
  describe(`behaviour: ${name}`, () => {
    identifiers(open)
    keys(open)
    aliases(open)
    tagging(open)
    policies(open)
    encryption(open)
    decryption(open)
    dataKeys(open)
    specs(open)
    publicKeys(open)
    signing(open, effort.digests)
    tokens(open)
    macs(open)
    rsaEncryption(open)
    agreement(open)
    kem(open)
    keyPairs(open)
    rotation(open)
    importing(open)
    managedKeys(open)
    ownedKeys(open)
    deletion(open)
    paging(open)
    dryRun(open)
    notBuilt(open)
    statesSweep(open)
    decisions(open)
    policyWriters(open)
    keyDecisions(open)
    conditionKeys(open)
    grants(open)
    grantTerms(open)
    grantUse(open)
    grantTokens(open)
    grantEnds(open)
    accounts(open)
    accountsTogether(open)
    outbox(open)
    grantChildren(open)
    audit(open)
    concurrency(open)
    properties(open, effort.properties)
    sequences(open, effort.sequences)
    fuzz(open, effort.fuzz)
  })
}
