import { hostileSuite } from '../suites/envelope/hostile'

hostileSuite()
