/**
 * Whether a pattern with `*` (any run) and `?` (one character) covers the whole text; case counts.
 * Greedy with one point of return: never more than pattern × text steps, whatever the pattern.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let retry = 0
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++
      retry = t
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++retry
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** The same, made ready once: most patterns are a name, or a beginning of one. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const wildcard = pattern.search(/[*?]/)
  if (pattern === '*') return () => true
  if (wildcard < 0) return (text) => text === pattern
  const beginning = pattern.slice(0, -1)
  if (wildcard === pattern.length - 1 && pattern.endsWith('*')) return (text) => text.startsWith(beginning)
  return (text) => matchesPattern(pattern, text)
}
