import { describe, expect, it } from 'vitest'
import { isInRange, parseIpAddress, parseIpRange } from '../../src/policy/ip-address'

describe('addresses', () => {
  const same: [string, string][] = [
    ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['1::', '1:0:0:0:0:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
  ]
  it.each(same)('%s is %s', (one, other) => {
    expect(parseIpAddress(one)).toBeDefined()
    expect(parseIpAddress(one)).toEqual(parseIpAddress(other))
  })

  const none = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.-4',
    '1.2.3.4/24',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1%eth0',
    '1:'.repeat(5000),
  ]
  it.each(none)('%s is none', (text) => {
    expect(parseIpAddress(text)).toBeUndefined()
  })
})

describe('ranges', () => {
  const cases: [range: string, address: string, inside: boolean][] = [
    ['0.0.0.0/0', '255.255.255.255', true],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['203.0.113.77/24', '203.0.113.1', true], // bits of the host do not count
    ['203.0.113.128/25', '203.0.113.127', false],
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['::/0', '2001:db8::', true],
    ['::/0', '1.2.3.4', false],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['2001:db8::1', '2001:db8::2', false],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ]
  it.each(cases)('%s, %s: %s', (range, address, inside) => {
    const parsed = [parseIpAddress(address), parseIpRange(range)] as const
    expect(parsed[0] && parsed[1] && isInRange(parsed[0], parsed[1])).toBe(inside)
  })

  it.each(['1.2.3.4/33', '1.2.3.4/', '1.2.3.4/-1', '1.2.3.4/08', '::/129', '/8', 'any', '1.2.3.4/8/8'])(
    '%s is none',
    (text) => {
      expect(parseIpRange(text)).toBeUndefined()
    },
  )
})
