import { rsaPrivate } from '../../worker/rsa-private'
import { boundaryDigestSuite } from '../suites/boundary-digests'
import { boundaryFamilySuite } from '../suites/boundary-families'
import { newRoot, rootPair } from '../suites/root-crypto'

boundaryFamilySuite('wrapped', () => rootPair(newRoot('a')))
boundaryDigestSuite(rsaPrivate)
