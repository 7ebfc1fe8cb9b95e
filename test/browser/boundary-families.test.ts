import { boundaryDigestSuite } from '../suites/boundary-digests'
import { boundaryFamilySuite } from '../suites/boundary-families'
import { nativePair } from '../suites/native-crypto'
import { newRoot, rootPair } from '../suites/root-crypto'

boundaryFamilySuite('native', () => nativePair())
boundaryFamilySuite('wrapped', () => rootPair(newRoot('a')))
boundaryDigestSuite()
