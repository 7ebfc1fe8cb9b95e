import { keyringSuite } from '../suites/envelope/keyrings'

keyringSuite()
