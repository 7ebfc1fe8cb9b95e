import { nistEcdh } from '../suites/nist-ecdh'
import { wycheproofModules } from '../suites/wycheproof-modules'
import { wycheproofOperations } from '../suites/wycheproof-operations'

wycheproofModules()
wycheproofOperations()
nistEcdh()
