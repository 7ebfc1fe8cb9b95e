import { boundarySuite } from '../suites/boundary'
import { newRoot, rootCrypto, rootCryptoSuite } from '../suites/root-crypto'

boundarySuite('wrapped', () => rootCrypto(newRoot('a')))
rootCryptoSuite()
