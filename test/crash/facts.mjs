/**
 * What a client may believe after what it was told: for each fact the acknowledged value and the ones that calls without
 * an answer would have made. Each fact has one writer. null stands for absence.
 */
export class Facts {
  #facts = new Map()
  #touched = new Set()

  /** The acknowledged value. */
  get(name) {
    return this.#facts.get(name)?.value ?? null
  }

  isCertain(name) {
    return !this.#facts.get(name)?.maybe.length
  }

  begin(name, value) {
    const { value: told = null, maybe = [] } = this.#facts.get(name) ?? {}
    this.#facts.set(name, { value: told, maybe: [...maybe, value] })
    this.#touched.add(name)
  }

  /** The call that was begun last is answered. */
  acknowledge(name) {
    this.#facts.set(name, { value: this.#facts.get(name).maybe.at(-1), maybe: [] })
  }

  refuse(name) {
    this.#facts.get(name).maybe.pop()
  }

  /** An acknowledged call that makes several facts at once. */
  learn(name, value) {
    this.#facts.set(name, { value, maybe: [] })
    this.#touched.add(name)
  }

  /** Names that were begun or learnt since the last time. */
  takeTouched() {
    const touched = [...this.#touched]
    this.#touched.clear()
    return touched
  }

  names() {
    return [...this.#facts.keys()]
  }

  /**
   * Compares with what is there: `lost` is neither the acknowledged value nor a possible one, `unacknowledged` is a
   * possible one. What is there is believed from now on.
   */
  settle(name, actual) {
    const { value, maybe } = this.#facts.get(name)
    this.#facts.set(name, { value: actual, maybe: [] })
    if (actual === value) return 'kept'
    return maybe.includes(actual) ? 'unacknowledged' : 'lost'
  }
}
