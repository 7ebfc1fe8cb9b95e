import { messageSuite } from '../suites/envelope/messages'

messageSuite()
