/** What the Query protocol carries: the wire makes the input and writes the result; actions know neither. */

/** A parameter. `Tags.member.1.Key` is the member Key of the first item of the list Tags; an empty list may be ''. */
export type QueryValue = string | readonly QueryValue[] | QueryInput
export interface QueryInput {
  readonly [name: string]: QueryValue | undefined
}

/** What XML is written from: members in the order given, undefined ones left out; a Map has `entry` elements. */
export type QueryOutputValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly QueryOutputValue[]
  | ReadonlyMap<string, QueryOutputValue>
  | QueryOutput
export interface QueryOutput {
  readonly [name: string]: QueryOutputValue
}

/** One action of a service. Nothing for an action whose answer has no result. Throws QueryError or KmsError. */
export type QueryAction<C> = (request: {
  readonly input: QueryInput
  readonly call: C
  // biome-ignore lint/suspicious/noConfusingVoidType: an action without a result returns nothing
}) => QueryOutput | void | Promise<QueryOutput | void>

/** The actions of a service by name. */
export interface QueryActions<C> {
  readonly [action: string]: QueryAction<C>
}
