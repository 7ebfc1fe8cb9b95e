export type Vars = Record<string, string>
export interface RootUsers {
  readonly basePath: string
  readonly rootUsers: ReadonlyMap<string, { readonly accessKeyId: string; readonly secretAccessKey: string }>
  isRegion(region: string): boolean
}
export const devVarsPath: string
export function readDevVars(path?: string): Promise<Vars | undefined>
export function newSecrets(): { readonly KMS_ROOT_KEYS: string; readonly KMS_ACCOUNTS: string }
export function writeDevVars(vars: Vars, path?: string): Promise<void>
export function exportLines(config: RootUsers, origin: string, options?: { readonly secret?: boolean }): string[]
