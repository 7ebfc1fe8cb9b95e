import { createSoftwareProvider } from '../../software'
import { boundaryDigestSuite } from '../suites/boundary-digests'
import { boundaryFamilySuite, familyCases } from '../suites/boundary-families'
import { nativePair } from '../suites/native-crypto'
import { newRoot, rootPair } from '../suites/root-crypto'

boundaryFamilySuite('native', () => nativePair())
boundaryFamilySuite(
  'software by agreement',
  () => nativePair(createSoftwareProvider(), () => true),
  // The modern ones are no family in every Chromium; the algorithm table knows them both ways.
  familyCases.filter(({ keyUsage, modern }) => keyUsage === 'SIGN_VERIFY' && !modern),
)
boundaryFamilySuite('wrapped', () => rootPair(newRoot('a')))
boundaryDigestSuite()
