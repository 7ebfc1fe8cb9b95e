import { cachingSuite } from '../suites/envelope/caching'

cachingSuite()
