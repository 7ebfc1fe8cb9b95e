import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'

/** From left to right: a room knows what lies left of it. Rooms of one column do not know each other. */
const columns = [
  ['src/model'],
  ['src/codec'],
  ['src/policy', 'src/keys'],
  ['src/ports'],
  ['src/identity', 'src/audit'],
  ['src/operations'],
  ['src/service'],
  ['src/wire'],
] as const

type Column = (typeof columns)[number][number]

/** A room and all that lies left of it. */
const upTo = (last: Column): string[] => {
  const end = columns.findIndex((rooms) => (rooms as readonly string[]).includes(last))
  return [...columns.slice(0, end).flat(), last]
}

const everything = [...upTo('src/wire'), 'src/index', 'src/adapters', 'software']

/** Which rooms each room knows, itself included. */
const knows: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(columns.flat().map((room) => [room, upTo(room)])),
  'src/adapters': [...upTo('src/ports'), 'src/adapters'],
  software: [...upTo('src/ports'), 'software'],
  'src/envelope': ['src/codec', 'src/envelope'],
  'src/client': [...upTo('src/identity'), 'src/envelope', 'src/client'],
  'src/integrations': [...upTo('src/service'), 'src/envelope', 'src/integrations'],
  'src/index': [...upTo('src/service'), 'src/index'],
  'src/browser': [...everything, 'src/browser'],
  worker: [...everything, 'src/client', 'src/integrations', 'worker'],
  web: [...everything, 'src/browser', 'src/envelope', 'src/client', 'web'],
}

/** Packages and the folders that import them. Nothing else from outside is imported anywhere. */
const packages: Readonly<Record<string, readonly string[]>> = {
  hono: ['src/wire', 'worker'],
  idb: ['src/adapters/indexeddb'],
  jose: ['src/identity/sts'],
  'cloudflare:workers': ['src/adapters/durable-object', 'worker'],
  'node:crypto': ['software', 'worker'],
  preact: ['web'],
  '@preact/signals': ['web'],
  '@noble/curves': ['software'],
  '@noble/hashes': ['software'],
  '@noble/post-quantum': ['software'],
}

/** What a platform or a build brings needs no entry in package.json. */
const isBuiltIn = (name: string) => /^(node|cloudflare):/.test(name)

const within = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}.`)

const roomOf = (path: string) => {
  const [top = '', second = ''] = path.split('/')
  return top === 'src' ? `src/${second.replace(/\.tsx?$/, '')}` : top
}

const packageOf = (specifier: string) => {
  const [scope = '', name = ''] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

/** Where a relative import leads, from the top of the project, without extension; undefined for a package. */
const targetOf = (file: string, specifier: string) =>
  specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined

/** What is wrong with an import, or undefined. */
function complaint(file: string, specifier: string): string | undefined {
  const target = targetOf(file, specifier)
  if (target === undefined) {
    const name = packageOf(specifier)
    const homes = packages[name]
    if (!homes) return `${file}: the package '${name}' is on no list`
    if (homes.some((folder) => within(file, folder))) return undefined
    return `${file}: '${name}' may be imported in ${homes.join(', ')} only`
  }
  const from = roomOf(file)
  const to = roomOf(target)
  const known = knows[from]
  if (!known) return `${file}: ${from} is a room without a place in the picture`
  if (known.includes(to)) return undefined
  return `${file}: ${from} may not know ${to} ('${specifier}')`
}

/**
 * The module specifiers of a source: imports and exports, also those of types, and dynamic imports. Comments that
 * begin a line are left out first; a specifier that is no literal counts as `(computed)`.
 */
function specifiersOf(source: string): string[] {
  const code = source.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
  const whole = code.matchAll(/^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm)
  const lazy = code.matchAll(/\bimport\(\s*(?:(['"])([^'"\n]+)\1\s*[,)])?/g)
  return [...whole, ...lazy].map((match) => match[2] ?? '(computed)')
}

/** A way from a room back to itself along the arrows, or undefined. */
function findCycle(arrows: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>()
  const walk = (room: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(room)) return [...way.slice(way.indexOf(room)), room]
    if (done.has(room)) return undefined
    for (const next of arrows.get(room) ?? []) {
      const cycle = walk(next, [...way, room])
      if (cycle) return cycle
    }
    done.add(room)
    return undefined
  }
  for (const room of arrows.keys()) {
    const cycle = walk(room, [])
    if (cycle) return cycle
  }
  return undefined
}

const root = new URL('../', import.meta.url)

/** Rooms that nobody lives in yet have no folder in a fresh checkout. */
const folders = ['src', 'software', 'worker', 'web'].filter((folder) => existsSync(new URL(folder, root)))
const sources = folders.flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => /\.tsx?$/.test(name)),
)

const imports = sources.flatMap((file) =>
  specifiersOf(readFileSync(new URL(file, root), 'utf8')).map((specifier) => ({ file, specifier })),
)

describe('imports of the sources', () => {
  it('are read', () => {
    expect(imports).toContainEqual({ file: 'src/model/errors.ts', specifier: './generated/errors' })
    expect(new Set(imports.map(({ file }) => roomOf(file))).size).toBeGreaterThan(columns.length)
  })

  it('point left', () => {
    expect(imports.flatMap(({ file, specifier }) => complaint(file, specifier) ?? [])).toEqual([])
  })

  it('make no cycle of rooms', () => {
    const arrows = new Map<string, Set<string>>()
    for (const { file, specifier } of imports) {
      const target = targetOf(file, specifier)
      if (target === undefined || roomOf(target) === roomOf(file)) continue
      arrows.set(roomOf(file), (arrows.get(roomOf(file)) ?? new Set()).add(roomOf(target)))
    }
    expect(findCycle(arrows)).toBeUndefined()
  })

  it('name packages that are installed for users, not for development alone', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const used = imports.filter(({ specifier }) => !specifier.startsWith('.')).map((each) => packageOf(each.specifier))
    expect(used.filter((name) => !isBuiltIn(name) && !(name in dependencies))).toEqual([])
  })
})

describe('the picture', () => {
  const cases: [file: string, specifier: string, complaint: string | undefined][] = [
    ['src/codec/arn.ts', '../model/errors', undefined],
    ['src/codec/arn.ts', './bytes', undefined],
    ['src/model/limits.ts', '../codec/arn', "src/model may not know src/codec ('../codec/arn')"],
    ['src/keys/guards.ts', '../policy/decision', "src/keys may not know src/policy ('../policy/decision')"],
    ['src/identity/sigv4/keys.ts', '../../audit', "src/identity may not know src/audit ('../../audit')"],
    ['src/operations/keys.ts', '../adapters/memory/storage', 'src/operations may not know src/adapters'],
    ['src/adapters/memory/storage.ts', '../../ports/storage', undefined],
    ['src/adapters/memory/storage.ts', '../../codec/audit-chain', undefined],
    ['src/adapters/memory/storage.ts', '../../audit/lookup', 'src/adapters may not know src/audit'],
    ['src/adapters/memory/storage.ts', '../../service/perform', 'src/adapters may not know src/service'],
    ['software/ml-dsa.ts', '../src/ports/crypto', undefined],
    ['software/ml-dsa.ts', '../src/adapters/webcrypto', 'software may not know src/adapters'],
    ['src/envelope/header.ts', '../codec/bytes', undefined],
    ['src/envelope/header.ts', '../model/errors', 'src/envelope may not know src/model'],
    ['src/client/box.ts', '../envelope/encrypt', undefined],
    ['src/client/box.ts', '../service/client', 'src/client may not know src/service'],
    ['src/wire/index.ts', '../../worker/env', 'src/wire may not know worker'],
    ['src/wire/index.ts', 'hono/cors', undefined],
    ['src/service/perform.ts', 'hono', "'hono' may be imported in src/wire, worker only"],
    ['src/adapters/memory/storage.ts', 'idb', "'idb' may be imported in src/adapters/indexeddb only"],
    ['src/codec/bytes.ts', 'node:crypto', "'node:crypto' may be imported in software, worker only"],
    ['src/codec/bytes.ts', 'node:buffer', "the package 'node:buffer' is on no list"],
    ['src/codec/bytes.ts', '(computed)', "the package '(computed)' is on no list"],
    ['src/index.ts', './service/perform', undefined],
    ['src/index.ts', './adapters/memory/storage', 'src/index may not know src/adapters'],
    ['worker/vault.ts', '../src/adapters/durable-object/storage', undefined],
    ['worker/vault.ts', '../web/main', 'worker may not know web'],
    ['src/cellar/wine.ts', '../codec/arn', 'src/cellar is a room without a place in the picture'],
  ]
  it.each(cases)('%s, %s: %s', (file, specifier, expected) => {
    const found = complaint(file, specifier)
    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toContain(`${file}: ${expected}`)
  })

  it('reads every form of import', () => {
    const source = [
      "import { a } from 'one'",
      "import type {\n  B,\n} from 'two'",
      "import 'three'",
      "export * from 'four'",
      "export { type C } from 'five'",
      "const d = await import('six')",
      "type E = import('seven').E",
      'const f = import(name)',
      "// import 'no-comment'",
      "/** import 'no-comment' */",
      "export const g = 'no-specifier'",
    ].join('\n')
    const expected = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', '(computed)']
    expect(specifiersOf(source)).toEqual(expected)
  })

  it('finds a cycle', () => {
    const arrows = (pairs: [string, string[]][]) => new Map(pairs.map(([from, to]) => [from, new Set(to)]))
    expect(
      findCycle(
        arrows([
          ['a', ['b', 'c']],
          ['b', ['c']],
        ]),
      ),
    ).toBeUndefined()
    expect(
      findCycle(
        arrows([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b'])
  })
})
