import { createMemoryStorage } from '../../src/adapters/memory/storage'
import { behaviour } from '../suites/behaviour'
import { composeKms } from '../suites/compose'

behaviour('memory', (wrapCrypto, place) => composeKms(createMemoryStorage(), wrapCrypto, undefined, place), {
  properties: 100,
  sequences: 100,
  fuzz: 60,
  digests: true,
})
