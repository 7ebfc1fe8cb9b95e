import { vectorSuite } from '../suites/envelope/vector-files'

vectorSuite()
