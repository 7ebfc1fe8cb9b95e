import type { Miniflare } from 'miniflare'

export interface ServeOptions {
  /** 0: any free one. */
  readonly port?: number
  readonly persistTo?: string
  /** In place of .dev.vars; over the [vars] of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>
  readonly host?: string
  readonly quiet?: boolean
}
export interface Served {
  readonly url: string
  readonly mf: Miniflare
  stop(): Promise<void>
}
export const defaultState: string
export function serve(options?: ServeOptions): Promise<Served>
export function stopOnSignals(server: Pick<Served, 'stop'>): () => void
export class PortInUseError extends Error {}
export class StateInUseError extends Error {}
