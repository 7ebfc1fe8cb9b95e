import { softwareSuite } from '../suites/software'
import { softwareVectorsSuite } from '../suites/software-vectors'

softwareSuite()
softwareVectorsSuite()
