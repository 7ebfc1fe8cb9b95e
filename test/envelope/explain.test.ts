import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decrypt, EnvelopeError, type EnvelopeErrorCode, encrypt, explainError, kms, multi } from '../../src/envelope'
import { explanations } from '../../src/envelope/explain'
import { newKms, random, refusal } from '../suites/envelope/helpers'

const codes = Object.keys(explanations) as EnvelopeErrorCode[]
const linesOf = (error: unknown) => explainError(error)?.split('\n') ?? []

describe('every code', () => {
  /** What its sentences must tell: a word of the cause, or of what helps. */
  const words: Record<EnvelopeErrorCode, string> = {
    invalidOption: 'option',
    invalidContext: 'encryption context',
    suiteAgainstPolicy: 'commitment policy',
    signaturesOptionNeeded: '`signatures: ecdsa`',
    tooManyDataKeys: '`maxEncryptedDataKeys`',
    tooLarge: '`maxBodyBytes`',
    unsupportedByRuntime: 'AES-192',
    keyringFailed: 'kms:GenerateDataKey',
    noDataKeyOpened: 'kms:Decrypt',
    malformedMessage: 'AWS Encryption SDK',
    messageIsBase64: 'Decode it',
    unknownSuite: 'algorithm suite',
    messageTruncated: 'cut off',
    trailingBytes: 'after the end',
    commitmentMismatch: 'commits to',
    headerNotAuthentic: '`requiredContext`',
    frameNotAuthentic: 'frame',
    signatureNotAuthentic: 'signature',
  }

  it.each(Object.entries(words) as [EnvelopeErrorCode, string][])('%s', (code, word) => {
    const text = explainError(new EnvelopeError(code))
    expect(text).toBe(`${code}: ${explanations[code]}`)
    expect(text).toContain(word)
    expect(explainError(new EnvelopeError(code, 'a detail'))).toBe(`${code} (a detail): ${explanations[code]}`)
  })

  it('has two or three sentences, unlike those of the others', () => {
    expect(new Set(Object.values(explanations)).size).toBe(Object.keys(words).length)
    for (const [code, text] of Object.entries(explanations)) {
      expect(text, code).toMatch(/^[A-Z][^\n]+\. [A-Z][^\n]+\.$/)
      expect(text.length, code).toBeLessThan(300)
    }
  })

  it('is in the list of docs/envelope.md, and nothing else is', () => {
    const page = readFileSync(new URL('../../docs/envelope.md', import.meta.url), 'utf8')
    const [, section = ''] = page.split('\n## Errors\n')
    const rows = section.split('\n## ')[0]?.match(/^\| `.*?\|/gm) ?? []
    const listed = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, code = '']) => code))
    expect(listed.toSorted()).toEqual(codes.toSorted())
  })
})

describe('what is explained', () => {
  const known = 'trailingBytes'
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['text', 'EnvelopeError'],
    ['another error', new TypeError('no bytes')],
    ['an error of another library with such a code', Object.assign(new Error('x'), { code: known })],
    ['a code that is none', { name: 'EnvelopeError', code: 'ENOENT', message: 'x' }],
    ['a code that every object has', { name: 'EnvelopeError', code: 'toString', message: 'x' }],
    ['a code that is no text', { name: 'EnvelopeError', code: [known], message: 'x' }],
    ['no code', { name: 'EnvelopeError', message: 'x' }],
  ])('not %s', (_, error) => {
    expect(explainError(error)).toBeUndefined()
  })

  it('an error of another copy of the library', () => {
    const other = { name: 'EnvelopeError', code: known, message: `${known} 7`, reasons: [] }
    expect(explainError(other)).toBe(`${known} (7): ${explanations[known]}`)
    expect(explainError({ name: 'EnvelopeError', code: known })).toBe(`${known}: ${explanations[known]}`)
  })
})

describe('reasons', () => {
  const denied = Object.assign(new Error('not authorized to perform: kms:Decrypt'), { name: 'AccessDeniedException' })

  it('are nested, each in its line, and no code is explained twice', () => {
    const inner = new EnvelopeError('noDataKeyOpened', '', [
      { key: 'aws-kms arn:a', error: denied },
      { key: 'aws-kms arn:b', error: new EnvelopeError('noDataKeyOpened', 'another key') },
    ])
    const error = new EnvelopeError('keyringFailed', 'all', [
      { key: 'first', error: inner },
      { key: 'second', error: 'offline' },
    ])
    expect(linesOf(error)).toEqual([
      `keyringFailed (all): ${explanations.keyringFailed}`,
      `  first: noDataKeyOpened: ${explanations.noDataKeyOpened}`,
      '    aws-kms arn:a: AccessDeniedException: not authorized to perform: kms:Decrypt',
      '    aws-kms arn:b: noDataKeyOpened (another key)',
      '  second: offline',
    ])
  })

  it.each<[string, unknown, string]>([
    ['an error without a message', new TypeError(), 'TypeError'],
    ['an object that says nothing', Object.create(null), 'something without a text'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    [
      'a request that AWS repeats',
      new Error('refused.\n\nThe Canonical String was\nx-amz-security-token:IQoJ'),
      'Error: refused.',
    ],
    ['control characters', new Error('a\u001b[2Jb\u202ec\td'), 'Error: a [2Jb c d'],
  ])('%s', (_, error, text) => {
    const outer = { name: 'EnvelopeError', code: 'noDataKeyOpened', reasons: [{ key: 'k', error }] }
    expect(linesOf(outer)[1]).toBe(`  k: ${text}`)
  })

  it('have names that cannot begin a line, and end somewhere', () => {
    const key = `aws-kms a\nforged: line\r${'k'.repeat(60_000)}`
    const [, line = '', ...others] = linesOf(new EnvelopeError('noDataKeyOpened', '', [{ key, error: denied }]))
    expect(others).toEqual([])
    expect(line).toMatch(/^ {2}aws-kms a forged: line k+…: AccessDeniedException/)
    expect(line.length).toBeLessThan(700)
  })

  it.each<[string, () => unknown]>([
    ['many', () => reasonsOf(Array.from({ length: 100_000 }, () => denied))],
    ['a chain', () => Array.from({ length: 10_000 }).reduce((inner) => reasonsOf([inner]), denied as unknown)],
    [
      'a ring',
      () => {
        const reasons: unknown[] = []
        const error = { ...reasonsOf([]), reasons }
        reasons.push({ key: 'k', error }, { key: 'k', error })
        return error
      },
    ],
  ])('%s of them end after some lines', (_, make) => {
    const lines = linesOf(make())
    expect(lines).toHaveLength(33)
    expect(lines.at(-1)).toBe('  … further reasons are left out')
  })

  /** By hand: the texts of such errors would grow with their nesting. */
  const reasonsOf = (errors: unknown[]) => ({
    name: 'EnvelopeError',
    code: 'noDataKeyOpened',
    reasons: errors.map((error) => ({ key: 'k', error })),
  })

  it.each<[string, unknown, number]>([
    ['no list', 'denied', 1],
    ['nothing in the list', [undefined], 2],
    ['no key', [{ error: denied }], 2],
  ])('of another copy with %s do not make it throw', (_, reasons, lines) => {
    expect(linesOf({ ...reasonsOf([]), reasons })).toHaveLength(lines)
  })

  it('of KMS say what it said', async () => {
    const { client, inProcess, newKey } = await newKms()
    const [own, other] = [await newKey(), await newKey()]
    const { message } = await encrypt(random(9), { keyring: kms({ client, keyId: own }) })
    const keyring = multi({ children: [kms({ client, keyId: other })] })
    expect(linesOf(await refusal(decrypt(message, { keyring })))).toEqual([
      `noDataKeyOpened: ${explanations.noDataKeyOpened}`,
      `  aws-kms ${own}: noDataKeyOpened (another key)`,
    ])
    await inProcess.disableKey({ KeyId: own })
    const refused = await refusal(decrypt(message, { keyring: kms({ client, keyId: own }) }))
    expect(linesOf(refused)[1]).toBe(`  aws-kms ${own}: DisabledException: ${own} is disabled.`)
    expect(linesOf(await refusal(encrypt(random(9), { keyring: kms({ client, keyId: own }) })))).toEqual([
      `keyringFailed: ${explanations.keyringFailed}`,
      `  keyring: DisabledException: ${own} is disabled.`,
    ])
  })
})
