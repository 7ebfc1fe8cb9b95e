import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nistEcdh } from '../suites/nist-ecdh'
import { wycheproofModules } from '../suites/wycheproof-modules'
import { wycheproofOperations } from '../suites/wycheproof-operations'

wycheproofModules()
wycheproofOperations()
nistEcdh()

it('every file of Wycheproof is one that workerd sees as well', () => {
  const test = join(import.meta.dirname, '..')
  const files = readdirSync(join(test, 'vectors/wycheproof')).filter((name) => name !== 'README.md')
  const suites = ['wycheproof-modules.ts', 'wycheproof-operations.ts']
  const imports = suites.map((name) => readFileSync(join(test, 'suites', name), 'utf8')).join('')
  expect(files.length).toBe(14)
  expect(files.filter((name) => !imports.includes(`/wycheproof/${name}`))).toEqual([])
})
