import type { ServeOptions } from './serve.mjs'

export interface ServedProcess {
  readonly url: string
  readonly pid: number
  /** Ends it cleanly. */
  stop(): Promise<void>
  /** Ends the whole process group at once. */
  kill(): Promise<void>
}
export function serveProcess(options?: ServeOptions): Promise<ServedProcess>
