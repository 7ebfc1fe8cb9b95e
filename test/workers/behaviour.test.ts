import { behaviour } from '../suites/behaviour'
import { composeKms, startMs } from '../suites/compose'
import { openHosted, wideLimits } from './storage-host'

behaviour(
  'Durable Object',
  async (wrapCrypto) => composeKms(await openHosted({ audit: wideLimits, now: () => startMs }), wrapCrypto),
  { properties: 30, sequences: 20, fuzz: 10, digests: true },
)
