import { describe } from 'vitest'
import { cachingSuite } from './caching'
import { hostileSuite } from './hostile'
import { keyringSuite } from './keyrings'
import { messageSuite } from './messages'
import { streamSuite } from './streams'
import { streamsFromSuite } from './streams-from'
import { vectorSuite } from './vector-files'

/** All of src/envelope, in any runtime. */
export function envelopeSuite(): void {
  describe('messages', messageSuite)
  describe('hostile input', hostileSuite)
  describe('streams', streamSuite)
  describe('streams without a pipe', streamsFromSuite)
  describe('keyrings', keyringSuite)
  describe('caching', cachingSuite)
  describe('vectors', vectorSuite)
}
