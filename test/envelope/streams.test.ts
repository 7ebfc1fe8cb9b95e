import { streamSuite } from '../suites/envelope/streams'

streamSuite()
