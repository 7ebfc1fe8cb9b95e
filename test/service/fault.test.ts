import { describe, expect, it } from 'vitest'
import { describeFault } from '../../src/service/fault'

describe('a fault in the log', () => {
  it.each(['secret', 'first\n    at secret (secret:1:1)', 'Error: secret', '\n\n   at secret'])(
    'has no part of the message %j',
    (message) => {
      const text = describeFault(new RangeError(message))
      expect(text).toMatch(/^RangeError\n\s+at .*fault\.test/)
      expect(text).not.toContain('secret')
    },
  )

  it('without a message, or with one that was changed later', () => {
    expect(describeFault(new TypeError())).toMatch(/^TypeError\n\s+at /)
    const stack = 'Error: \n  at secret\n    at place (file:1:1)'
    const changed = Object.assign(new Error(), { message: 'other', stack })
    expect(describeFault(changed)).toBe('Error')
  })

  it.each([undefined, null, 'secret', { message: 'secret' }])('%j, which is no Error', (value) => {
    expect(describeFault(value)).toBe('an unexpected value was thrown')
  })
})
