/** Patterns with `*` (any run of characters, none too) and `?` (one character). No regular expression is ever built from them. */

/** A pattern taken apart: literal text may hold any character, `*` too. */
export type Token = { readonly literal: string } | { readonly wildcard: '*' | '?' }
export type Matcher = (text: string) => boolean

/** What stands between two `*`; `gaps` marks the places where any character will do. */
interface Piece {
  text: string
  gaps?: boolean[]
}

/** The tokens of a pattern as policies write it. */
export function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = []
  let start = 0
  for (let i = 0; i <= pattern.length; i++) {
    const character = pattern[i]
    if (i < pattern.length && character !== '*' && character !== '?') continue
    if (i > start) tokens.push({ literal: pattern.slice(start, i) })
    if (character === '*' || character === '?') tokens.push({ wildcard: character })
    start = i + 1
  }
  return tokens
}

/**
 * Whether the whole text is covered; case counts. Each piece between `*` is taken at its first place after the one
 * before, so the number of `*` does not matter.
 */
export function matcherOf(tokens: readonly Token[]): Matcher {
  const pieces = piecesOf(tokens)
  const first = pieces[0] as Piece
  if (pieces.length === 1) {
    const { text: whole, gaps } = first
    return gaps ? (text) => text.length === whole.length && isAt(first, text, 0) : (text) => text === whole
  }
  const last = pieces[pieces.length - 1] as Piece
  const middle = pieces.slice(1, -1).filter((piece) => piece.text !== '')
  const minLength = pieces.reduce((sum, piece) => sum + piece.text.length, 0)
  if (minLength === 0) return () => true
  return (text) => {
    if (text.length < minLength || !isAt(first, text, 0)) return false
    const end = text.length - last.text.length
    if (!isAt(last, text, end)) return false
    let position = first.text.length
    for (const piece of middle) {
      const found = find(piece, text, position, end)
      if (found < 0) return false
      position = found + piece.text.length
    }
    return true
  }
}

function piecesOf(tokens: readonly Token[]): Piece[] {
  let piece: Piece = { text: '' }
  const pieces = [piece]
  for (const token of tokens) {
    if ('literal' in token) {
      piece.text += token.literal
    } else if (token.wildcard === '?') {
      piece.gaps ??= []
      piece.gaps[piece.text.length] = true
      piece.text += '?'
    } else {
      piece = { text: '' }
      pieces.push(piece)
    }
  }
  return pieces
}

function isAt({ text: wanted, gaps }: Piece, text: string, position: number): boolean {
  if (!gaps) return text.startsWith(wanted, position)
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] !== text[position + i] && !gaps[i]) return false
  }
  return true
}

/** The first place of a piece that ends at `end` or before; -1 when there is none. */
function find(piece: Piece, text: string, from: number, end: number): number {
  const lastPlace = end - piece.text.length
  if (!piece.gaps) {
    const found = text.indexOf(piece.text, from)
    return found <= lastPlace ? found : -1
  }
  if ((lastPlace - from + 1) * piece.text.length > maxComparisons) return findByBits(piece, text, from, lastPlace)
  for (let i = from; i <= lastPlace; i++) if (isAt(piece, text, i)) return i
  return -1
}

/** Beyond that many, trying a piece place by place could be made to take long. */
const maxComparisons = 65_536

/**
 * The same in text × piece / 32 steps: bit n of the state says that the last n + 1 characters are the piece's first.
 * Source: Baeza-Yates and Gonnet, A new approach to text searching (1992), where gaps cost nothing.
 */
function findByBits({ text: wanted, gaps }: Piece, text: string, from: number, lastPlace: number): number {
  const words = (wanted.length + 31) >>> 5
  const anywhere = new Int32Array(words)
  const places = new Map<string, Int32Array>()
  for (let i = 0; i < wanted.length; i++) {
    const character = wanted[i] as string
    let bits = gaps?.[i] ? anywhere : places.get(character)
    if (!bits) {
      bits = new Int32Array(words)
      places.set(character, bits)
    }
    bits[i >>> 5] = (bits[i >>> 5] as number) | (1 << (i & 31))
  }
  for (const bits of places.values()) {
    for (let word = 0; word < words; word++) bits[word] = (bits[word] as number) | (anywhere[word] as number)
  }
  const state = new Int32Array(words)
  const lastBit = (wanted.length - 1) & 31
  for (let i = from; i < lastPlace + wanted.length; i++) {
    const bits = places.get(text[i] as string) ?? anywhere
    let carry = 1
    for (let word = 0; word < words; word++) {
      const before = state[word] as number
      state[word] = ((before << 1) | carry) & (bits[word] as number)
      carry = before >>> 31
    }
    if (((state[words - 1] as number) >>> lastBit) & 1) return i - wanted.length + 1
  }
  return -1
}

export const compilePattern = (pattern: string): Matcher => matcherOf(tokensOf(pattern))

/** The same for a pattern that is used once. */
export const matchesPattern = (pattern: string, text: string): boolean => compilePattern(pattern)(text)

/** Tokens between colons: `limit` lists at most, the last one with all further colons. */
export function splitAtColons(tokens: readonly Token[], limit = Number.POSITIVE_INFINITY): Token[][] {
  let part: Token[] = []
  const parts = [part]
  for (const token of tokens) {
    if (!('literal' in token)) {
      part.push(token)
      continue
    }
    splitText(token.literal, limit - parts.length + 1).forEach((literal, index) => {
      if (index > 0) {
        part = []
        parts.push(part)
      }
      if (literal !== '') part.push({ literal })
    })
  }
  return parts
}

/** A text between its colons: `limit` parts at most, the last one with all further colons. */
export function splitText(text: string, limit = Number.POSITIVE_INFINITY): string[] {
  const parts: string[] = []
  let start = 0
  while (parts.length < limit - 1) {
    const colon = text.indexOf(':', start)
    if (colon < 0) break
    parts.push(text.slice(start, colon))
    start = colon + 1
  }
  parts.push(text.slice(start))
  return parts
}

export const isWildcard = (token: Token | undefined, wildcard: '*' | '?'): boolean =>
  token !== undefined && 'wildcard' in token && token.wildcard === wildcard
