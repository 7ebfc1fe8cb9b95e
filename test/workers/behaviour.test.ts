import { behaviour } from '../suites/behaviour'
import { composeKms, startMs } from '../suites/compose'
import { openHosted, wideLimits } from './storage-host'

behaviour(
  'Durable Object',
  async (wrapCrypto, place) =>
    composeKms(await openHosted({ audit: wideLimits, now: () => startMs }), wrapCrypto, undefined, place),
  { properties: 30, sequences: 20, fuzz: 10, digests: true },
)
