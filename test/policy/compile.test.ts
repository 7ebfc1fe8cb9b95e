// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compiledPolicy, compilePolicy, principalValues } from '../../src/policy/compile'
import type { PolicyKind } from '../../src/policy/types'
import { alice, ask, documentOf, keyArn, kinds, session, statementOf } from './asking'

const compile = (text: string, kind: PolicyKind) => compilePolicy(text, { kind, name: 'policy' })
const refused = (text: string, kind: PolicyKind): string | undefined => {
  try {
    compile(text, kind)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: 'MalformedPolicyDocumentException' })
    return (error as Error).message
  }
}
const statement = '{"Effect":"Allow","Action":"*","Resource":"*"}'

describe('documents that every kind refuses', () => {
  const cases: [name: string, text: (kind: PolicyKind) => string, message: string][] = [
    ['nothing', () => '', 'not a JSON object'],
    ['no JSON', () => '{', 'not a JSON object'],
    ['a list', () => '[]', 'not a JSON object'],
    ['a comma too many', () => `{"Statement":[${statement},]}`, 'not a JSON object'],
    ['a byte order mark', (kind) => `\uFEFF${documentOf(kind, {})}`, 'invalid characters'],
    ['a character outside Latin-1', (kind) => documentOf(kind, { Sid: 'é\u0100' }), 'invalid characters'],
    ['a control character', (kind) => `${documentOf(kind, {})}\u000b`, 'invalid characters'],
    ['no Statement', () => '{"Version":"2012-10-17"}', 'Missing required field Statement'],
    ['an empty list', () => '{"Statement":[]}', 'no statement'],
    ['a text as Statement', () => '{"Statement":"x"}', 'must be an object'],
    ['a null statement', () => '{"Statement":[null]}', 'must be an object'],
    ['a list in the list', () => `{"Statement":[[${statement}]]}`, 'must be an object'],
    ['an unknown Version', (kind) => documentOf(kind, {}, { Version: '2012-10-18' }), 'unknown Version'],
    ['a number as Version', (kind) => documentOf(kind, {}, { Version: 2012 }), 'unknown Version'],
    ['a null Version', (kind) => documentOf(kind, {}, { Version: null }), 'unknown Version'],
    ['an unknown element', (kind) => documentOf(kind, {}, { Note: 'x' }), 'unknown element'],
    ['an element in other case', (kind) => documentOf(kind, {}, { version: '2012-10-17' }), 'unknown element'],
    ['__proto__', () => `{"__proto__":{},"Statement":${statement}}`, 'unknown element'],
    ['an unknown element of a statement', (kind) => documentOf(kind, { Conditions: {} }), 'unknown element'],
    ['a number as Sid', (kind) => documentOf(kind, { Sid: 1 }), 'Sid must be a string'],
    ['no Effect', (kind) => documentOf(kind, { Effect: undefined }), 'Missing required field Effect'],
    ['an Effect in lower case', (kind) => documentOf(kind, { Effect: 'allow' }), 'Allow or Deny'],
    ['no Action', (kind) => documentOf(kind, { Action: undefined }), 'Missing required field Action'],
    ['an empty list of actions', (kind) => documentOf(kind, { Action: [] }), 'Missing required field Action'],
    ['both Action and NotAction', (kind) => documentOf(kind, { NotAction: 'x' }), 'both Action and NotAction'],
    ['a number as Action', (kind) => documentOf(kind, { Action: 1 }), 'string or a list'],
    ['a list in the actions', (kind) => documentOf(kind, { Action: ['a', ['b']] }), 'string or a list'],
    ['a list as Condition', (kind) => documentOf(kind, { Condition: [] }), 'Condition must be an object'],
    ['a null Condition', (kind) => documentOf(kind, { Condition: null }), 'Condition must be an object'],
    ['an operator without keys', (kind) => documentOf(kind, { Condition: { Bool: {} } }), 'object of condition keys'],
    ['an operator with a text', (kind) => documentOf(kind, { Condition: { Bool: 'x' } }), 'object of condition keys'],
    ['an empty key', (kind) => documentOf(kind, { Condition: { Bool: { '': 'true' } } }), 'must have a key'],
    ['no value', (kind) => documentOf(kind, { Condition: { Bool: { 'aws:k': [] } } }), 'must have a value'],
    ['a null value', (kind) => documentOf(kind, { Condition: { Bool: { 'aws:k': null } } }), 'condition value'],
    ['an object as value', (kind) => documentOf(kind, { Condition: { Bool: { 'aws:k': [{}] } } }), 'condition value'],
    ...[
      'StringMatches',
      'stringEquals',
      'StringEqualsifexists',
      'StringEqualsIfExistsIfExists',
      'NullIfExists',
      'ForAnyValue:Null',
      'ForSomeValue:StringEquals',
      'ForAnyValue:ForAllValues:StringEquals',
      'IfExists',
      'ForAllValues:',
      '__proto__',
    ].map((operator): [string, (kind: PolicyKind) => string, string] => [
      operator,
      (kind) => documentOf(kind, { Condition: JSON.parse(`{"${operator}":{"aws:k":"x"}}`) }),
      'unknown condition operator',
    ]),
    [
      'no address range',
      (kind) => documentOf(kind, { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/40' } } }),
      'invalid IP address range',
    ],
    [
      'a Sid twice',
      (kind) => {
        const { Statement } = JSON.parse(documentOf(kind, { Sid: 'One' }))
        return JSON.stringify({ Statement: [Statement[0], Statement[0]] })
      },
      'Sid twice',
    ],
    ['a member twice', () => `{"Statement":${statement},"Statement":${statement}}`, 'member name twice'],
    ['a member twice, escaped', () => '{"Statement":[{"Effect":"Deny","\\u0045ffect":"Allow"}]}', 'member name twice'],
    ['a member twice, deep', () => '{"Statement":{"Condition":{"Bool":{"a":["x"],"a":"y"}}}}', 'member name twice'],
    ['deep nesting', () => `{"Statement":${'['.repeat(30000)}${']'.repeat(30000)}}`, 'nested too deeply'],
    ['deep nesting that never ends', () => '{"a":'.repeat(6000), 'nested too deeply'],
  ]
  it.each(cases)('%s', (_, text, message) => {
    for (const kind of kinds) {
      expect(refused(text(kind), kind)).toContain(message)
    }
  })

  it('a null is no absent element', () => {
    for (const kind of kinds) {
      for (const element of ['Action', 'Effect', 'Sid', 'Condition']) {
        expect(refused(documentOf(kind, { [element]: null }), kind)).toBeDefined()
      }
      expect(refused(documentOf(kind, {}, { Statement: null }), kind)).toBeDefined()
    }
  })
})

describe('what is for some kinds alone', () => {
  const some = { Principal: { AWS: alice.arn } }
  const cases: [name: string, elements: object, document: object, accepted: readonly PolicyKind[]][] = [
    ['the plain document', {}, {}, kinds],
    ['Id', {}, { Id: 'x' }, ['key', 'rcp', 'trust']],
    ['Principal', some, {}, ['key', 'trust']],
    ['no Principal', { Principal: undefined }, {}, ['identity', 'boundary', 'session', 'scp']],
    [
      'Deny with NotPrincipal',
      { Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: alice.arn } },
      {},
      ['key', 'trust'],
    ],
    ['Allow with NotPrincipal', { Principal: undefined, NotPrincipal: { AWS: alice.arn } }, {}, []],
    ['Principal and NotPrincipal', { Effect: 'Deny', ...some, NotPrincipal: '*' }, {}, []],
    ['Sid with blanks', { Sid: 'Enable IAM' }, {}, ['key', 'rcp', 'trust']],
    ['Sid of letters and digits', { Sid: 'a1B' }, {}, kinds],
    ['no Resource', { Resource: undefined }, {}, ['key', 'trust']],
    ['Resource and NotResource', { Resource: '*', NotResource: 'x' }, {}, []],
    ['an empty list of resources', { Resource: [] }, {}, []],
    [
      'NotResource',
      { Resource: undefined, NotResource: keyArn },
      {},
      ['key', 'identity', 'boundary', 'session', 'scp', 'rcp'],
    ],
    [
      'ForAllValues on a pair',
      { Condition: { 'ForAllValues:StringEquals': { 'kms:encryptioncontext:x': 'y' } } },
      {},
      kinds.slice(1),
    ],
    [
      'ForAllValues on a tag',
      { Condition: { 'ForAllValues:StringLike': { 'aws:RequestTag/x': 'y' } } },
      {},
      kinds.slice(1),
    ],
    [
      'ForAllValues on the keys',
      { Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': 'y' } } },
      {},
      kinds,
    ],
  ]
  it.each(cases)('%s', (_, elements, document, accepted) => {
    const found = kinds.filter((kind) => refused(documentOf(kind, elements, document), kind) === undefined)
    expect(found).toEqual(accepted)
  })

  it('takes several statements with an empty Sid, and none has it', () => {
    const text = `{"Statement":[${statement.replace('{', '{"Sid":"",')},${statement.replace('{', '{"Sid":"",')}]}`
    expect(compile(text, 'identity').statements.map(({ sid, index }) => ({ sid, index }))).toEqual([
      { sid: undefined, index: 0 },
      { sid: undefined, index: 1 },
    ])
  })
})

describe('texts of AWS', () => {
  const noPrincipal = 'Policy contains a statement with no principal.'
  const overly =
    'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified encryption context or with an unspecified encryption context. To fix, remove ForAllValues.'
  const cases: [elements: object, message: string][] = [
    [{ Principal: undefined }, noPrincipal],
    [{ Principal: {} }, noPrincipal],
    [{ Principal: { AWS: [] } }, noPrincipal],
    [{ Principal: alice.arn }, 'Policy contains a statement with one or more invalid principals.'],
    [{ Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:x': 'y' } } }, overly],
  ]
  it.each(cases)('%j', (elements, message) => {
    expect(refused(documentOf('key', elements), 'key')).toBe(message)
  })

  it.each([[{ Aws: 'x' }], [{ AWS: 1 }], [{ AWS: { x: 1 } }], [[]], [null], [1]])(
    'refuses %j as Principal',
    (Principal) => {
      expect(refused(documentOf('key', { Principal }), 'key')).toBeDefined()
    },
  )
})

describe('mismatch', () => {
  const one = statementOf(
    {
      Principal: { AWS: alice.arn },
      Action: 'kms:Decrypt',
      Resource: keyArn,
      Condition: { Bool: { 'aws:SecureTransport': true } },
    },
    { kind: 'key' },
  )
  const cases: [changes: Parameters<typeof ask>[0], mismatch: object | undefined][] = [
    [{ caller: session, action: 'x', resource: 'y' }, { element: 'Principal' }],
    [{ action: 'x', resource: 'y' }, { element: 'Action' }],
    [{ resource: 'y' }, { element: 'Resource' }],
    [{}, { element: 'Condition', condition: 'Bool aws:SecureTransport' }],
    [{ context: { 'aws:SecureTransport': 'true' } }, undefined],
  ]
  it.each(cases)('%j: %j', (changes, mismatch) => {
    expect(one.mismatch(ask(changes))).toEqual(mismatch)
    expect(one.applies(ask(changes)) && one.level(ask(changes).caller) !== undefined).toBe(mismatch === undefined)
  })
})

describe('compiledPolicy', () => {
  const text = documentOf('key', {})
  it('compiles one document once for each kind, name and pins', () => {
    const options = { kind: 'key', name: 'key policy', pins: { a: 'b' } } as const
    const policy = compiledPolicy(text, options)
    expect(compiledPolicy(text.slice(), { ...options, pins: { a: 'b' } })).toBe(policy)
    expect(compiledPolicy(text, { ...options, name: 'other' })).not.toBe(policy)
    expect(compiledPolicy(text, { ...options, pins: { a: 'c' } })).not.toBe(policy)
    expect(() => compiledPolicy(text, { ...options, kind: 'identity' })).toThrow('principal')
    expect(() => compiledPolicy(text, { ...options, kind: 'identity' })).toThrow('principal')
  })
})

describe('properties', () => {
  const word = fc.constantFrom(
    'kms:Decrypt',
    'kms:*',
    '*',
    keyArn,
    'arn:aws:kms:*:*:key/*',
    alice.arn,
    'x',
    '',
    'true',
    '7',
  )
  const values = fc.oneof(word, fc.array(word, { maxLength: 3 }))
  const elements = fc.record(
    {
      Sid: fc.string({ unit: 'grapheme-ascii', maxLength: 3 }),
      Effect: fc.constantFrom('Allow', 'Deny', 'x'),
      Principal: fc.oneof(word, fc.record({ AWS: values }), fc.json()),
      NotPrincipal: fc.record({ AWS: values }),
      Action: values,
      NotAction: values,
      Resource: values,
      NotResource: values,
      Condition: fc.oneof(
        fc.dictionary(
          fc.constantFrom(
            'StringLike',
            'ForAnyValue:StringEquals',
            'Null',
            'Bool',
            'NumericLessThanIfExists',
            'IpAddress',
            'x',
          ),
          fc.dictionary(fc.constantFrom('aws:a', 'kms:b', '__proto__'), values, { maxKeys: 2 }),
          { maxKeys: 2 },
        ),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: ['Effect', 'Action'] },
  )

  it('throws nothing but MalformedPolicyDocumentException', () => {
    const documents = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ Statement: fc.oneof(fc.jsonValue(), fc.array(elements, { maxLength: 3 })) })
        .map((value) => JSON.stringify(value)),
    )
    const property = fc.property(documents, fc.constantFrom(...kinds), (text, kind) => {
      if (refused(text, kind) !== undefined) return
      if (kind === 'key') principalValues(text)
      for (const one of compile(text, kind).statements) {
        one.level(alice)
        expect(one.applies(ask()) && one.level(alice) !== undefined).toBe(one.mismatch(ask()) === undefined)
      }
    })
    fc.assert(property, { numRuns: 3000 })
  })

  it('answers for each statement whatever stands around it', () => {
    const good = fc.record({
      Effect: fc.constantFrom('Allow', 'Deny'),
      Action: fc.constantFrom('kms:*', 'kms:Decrypt', 'kms:Encrypt'),
      Resource: fc.constantFrom('*', keyArn, 'arn:aws:kms:*:*:alias/*'),
      Condition: fc.constantFrom({}, { Bool: { 'aws:a': 'true' } }, { Null: { 'aws:a': 'true' } }),
    })
    const property = fc.property(fc.array(good, { minLength: 1, maxLength: 6 }), (statements) => {
      const answers = (list: object[]) =>
        compile(JSON.stringify({ Statement: list }), 'identity').statements.map((one) => one.mismatch(ask()))
      const alone = statements.map((one) => answers([one])[0])
      expect(answers(statements)).toEqual(alone)
      expect(answers(statements.toReversed())).toEqual(alone.toReversed())
    })
    fc.assert(property)
  })
})

describe('hostile documents', () => {
  const size = 32_000
  const timeOf = (action: () => unknown) => {
    const begunMs = performance.now()
    action()
    return performance.now() - begunMs
  }
  /** Of three times at the most: a busy machine may lengthen one. */
  const within = (maxMs: number, action: () => unknown) => {
    action() // warm
    let tookMs = timeOf(action)
    for (let again = 0; again < 2 && tookMs >= maxMs; again++) tookMs = timeOf(action)
    expect(tookMs).toBeLessThan(maxMs)
  }
  const long = 'a'.repeat(8192)
  const cases: [name: string, value: string][] = [
    ['stars', '*'.repeat(size)],
    ['stars and letters', '*a'.repeat(size / 2)],
    ['stars and letters that end otherwise', `${'*a'.repeat(2000)}b`],
    ['one long piece', `*${'a'.repeat(4000)}b*`],
    ['one long piece with a gap', `*${'a'.repeat(2000)}?${'a'.repeat(2000)}b*`],
    ['gaps', '?'.repeat(size)],
    ['gaps between stars', '?*'.repeat(4000)],
    ['colons', ':'.repeat(size)],
    ['variables', '${aws:k}'.repeat(size / 8)],
    ['open variables', '${'.repeat(10)],
  ]
  it.each(cases)('%s', (name, value) => {
    if (name === 'open variables') {
      expect(() => statementOf({ Condition: { StringLike: { 'aws:k': value } } })).toThrow('variable')
      return
    }
    const asked = ask({ resource: `arn:a:b:c:d:${long}`, context: { 'aws:k': long } })
    for (const operator of ['StringLike', 'StringEqualsIgnoreCase', 'ArnLike']) {
      const one = statementOf({ Condition: { [operator]: { 'aws:k': value } } })
      within(100, () => one.applies(asked))
    }
    for (const Resource of [value, `arn:a:b:c:d:${value}`]) {
      const one = statementOf({ Resource })
      within(100, () => one.applies(asked))
    }
  })

  it('compiles in a time that grows with the text', () => {
    const many = Array.from(
      { length: 300 },
      (_, index) => JSON.parse(documentOf('key', { Sid: `s${index}` })).Statement[0],
    )
    within(200, () => compile(JSON.stringify({ Statement: many }), 'key'))
    within(200, () => refused(`{"Statement":{${Array.from({ length: 3000 }, (_, i) => `"a${i}":1`).join()}}}`, 'key'))
    within(200, () => refused(`"${'\\'.repeat(size)}`, 'key'))
  })
})
