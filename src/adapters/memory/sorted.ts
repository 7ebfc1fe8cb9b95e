/** Items in ascending order by `compare`, no two of them equal. Look-ups cost O(log n); a change moves memory once. */
export class SortedList<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get length(): number {
    return this.#items.length
  }

  at(index: number): T | undefined {
    return this.#items[index]
  }

  /** The index of the first item that is not below `item`. */
  indexOf(item: T): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#items[middle] as T, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  has(item: T): boolean {
    const found = this.#items[this.indexOf(item)]
    return found !== undefined && this.#compare(found, item) === 0
  }

  add(item: T): void {
    if (!this.has(item)) this.#items.splice(this.indexOf(item), 0, item)
  }

  delete(item: T): void {
    if (this.has(item)) this.#items.splice(this.indexOf(item), 1)
  }

  slice(from: number, to: number): T[] {
    return this.#items.slice(from, to)
  }
}

/** Order of UTF-16 code units. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
