import { describe } from 'vitest'
import { streamSuite } from '../suites/envelope/streams'
import { streamsFromSuite } from '../suites/envelope/streams-from'

streamSuite()
describe('without a pipe', streamsFromSuite)
