/** IP addresses and ranges of them, as conditions write them (RFC 4632, RFC 4291 sections 2.2 and 2.3). */

/** An address as 16-bit groups: two for IPv4, eight for IPv6. */
type Groups = readonly number[]

/** A range of addresses. */
export interface IpRange {
  readonly groups: Groups
  readonly prefixBits: number
}

const maxAddressChars = 64

/** Undefined for a text that is no address. IPv4 addresses inside IPv6 (`::ffff:192.0.2.1`) count as IPv4. */
export function parseIpAddress(text: string): Groups | undefined {
  if (text.length > maxAddressChars) return undefined
  const groups = text.includes(':') ? parseIpv6(text) : parseIpv4(text)
  return groups && isMapped(groups) ? groups.slice(6) : groups
}

/** `203.0.113.0/24`, `2001:db8::/32`; without a prefix one address. Undefined for any other text. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  if (address.length > maxAddressChars) return undefined
  const groups = address.includes(':') ? parseIpv6(address) : parseIpv4(address)
  if (!groups) return undefined
  const bits = groups.length * 16
  const prefix = slash < 0 ? String(bits) : text.slice(slash + 1)
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefix) || Number(prefix) > bits) return undefined
  const prefixBits = Number(prefix)
  return isMapped(groups) && prefixBits >= 96
    ? { groups: groups.slice(6), prefixBits: prefixBits - 96 }
    : { groups, prefixBits }
}

/** An address of the other family is outside. */
export function isInRange(address: Groups, range: IpRange): boolean {
  if (address.length !== range.groups.length) return false
  return range.groups.every((group, index) => {
    const bits = Math.min(16, Math.max(0, range.prefixBits - index * 16))
    return group >> (16 - bits) === (address[index] as number) >> (16 - bits)
  })
}

const isMapped = (groups: Groups): boolean =>
  groups.length === 8 && groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)

function parseIpv4(text: string): Groups | undefined {
  const parts = text.split('.')
  // A leading zero is octal to some readers and decimal to others, so it is neither here.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined
  }
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number]
  return [a * 256 + b, c * 256 + d]
}

function parseIpv6(text: string): Groups | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const sides = halves.map((half, index) => parseGroups(half, index === halves.length - 1))
  const [head, tail] = sides
  if (!head || (halves.length === 2 && !tail)) return undefined
  if (!tail) return head.length === 8 ? head : undefined
  const missing = 8 - head.length - tail.length
  return missing > 0 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined
}

/** Groups between colons; an IPv4 address may stand at the very end. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const words = text.split(':')
  for (const [index, word] of words.entries()) {
    if (word.includes('.')) {
      const ipv4 = isEnd && index === words.length - 1 ? parseIpv4(word) : undefined
      if (!ipv4) return undefined
      groups.push(...ipv4)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      groups.push(Number.parseInt(word, 16))
    } else {
      return undefined
    }
  }
  return groups
}
