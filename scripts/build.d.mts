export interface Build {
  readonly built: boolean
  readonly workerPath: string
  readonly configPath: string
  readonly settings: {
    readonly name: string
    readonly compatibilityDate: string
    readonly compatibilityFlags: readonly string[]
    readonly vars: Readonly<Record<string, string>>
    readonly durableObjects: Readonly<Record<string, string>>
    readonly r2Buckets: Readonly<Record<string, string>>
  }
}
export const root: string
export function build(options?: { readonly force?: boolean; readonly say?: (line: string) => void }): Promise<Build>
