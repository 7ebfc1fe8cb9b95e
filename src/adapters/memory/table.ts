import type { RowIndex } from '../../keys/collections'
import type { ListQuery } from '../../ports/storage'
import { compareText, SortedList } from './sorted'

interface Stored {
  readonly version: number
  readonly value: unknown
  readonly index: RowIndex
}

type Due = { readonly dueAtMs: number; readonly id: string }
const compareDue = (a: Due, b: Due) => a.dueAtMs - b.dueAtMs || compareText(a.id, b.id)

/** One collection: rows by id and everything that they are looked up by, kept in order at each change. */
export class Table {
  readonly #rows = new Map<string, Stored>()
  readonly #ids = new SortedList<string>(compareText)
  readonly #byOwner = new Map<string, SortedList<string>>()
  readonly #byRoot = new Map<string, SortedList<string>>()
  readonly #due = new SortedList<Due>(compareDue)

  get(id: string): Stored | undefined {
    return this.#rows.get(id)
  }

  set(id: string, row: Stored): void {
    this.delete(id)
    const { owner, dueAtMs, sealedBy } = row.index
    this.#rows.set(id, row)
    this.#ids.add(id)
    if (owner !== undefined) addTo(this.#byOwner, owner, id)
    if (sealedBy !== undefined) addTo(this.#byRoot, sealedBy, id)
    if (dueAtMs !== undefined) this.#due.add({ dueAtMs, id })
  }

  delete(id: string): void {
    const row = this.#rows.get(id)
    if (!row) return
    const { owner, dueAtMs, sealedBy } = row.index
    this.#rows.delete(id)
    this.#ids.delete(id)
    if (owner !== undefined) deleteFrom(this.#byOwner, owner, id)
    if (sealedBy !== undefined) deleteFrom(this.#byRoot, sealedBy, id)
    if (dueAtMs !== undefined) this.#due.delete({ dueAtMs, id })
  }

  list({ owner, after, limit }: ListQuery): string[] {
    const ids = owner === undefined ? this.#ids : this.#byOwner.get(owner)
    if (!ids) return []
    let from = after === undefined ? 0 : ids.indexOf(after)
    if (after !== undefined && ids.at(from) === after) from += 1
    return ids.slice(from, from + limit)
  }

  listDue(nowMs: number, limit: number): string[] {
    return this.#due
      .slice(0, limit)
      .filter((due) => due.dueAtMs <= nowMs)
      .map((due) => due.id)
  }

  nextDueMs(): number | undefined {
    return this.#due.at(0)?.dueAtMs
  }

  listSealedByOthers(rootId: string, limit: number): string[] {
    const others = [...this.#byRoot].filter(([id]) => id !== rootId).flatMap(([, ids]) => ids.slice(0, limit))
    return others.sort(compareText).slice(0, limit)
  }

  countSealed(): Map<string, number> {
    return new Map([...this.#byRoot].map(([rootId, ids]) => [rootId, ids.length]))
  }
}

function addTo(lists: Map<string, SortedList<string>>, name: string, id: string): void {
  const list = lists.get(name) ?? new SortedList<string>(compareText)
  lists.set(name, list)
  list.add(id)
}

function deleteFrom(lists: Map<string, SortedList<string>>, name: string, id: string): void {
  const list = lists.get(name)
  list?.delete(id)
  if (list?.length === 0) lists.delete(name)
}
