export const chromiumFlags: string[]
export function findChromium(env?: Record<string, string | undefined>): Promise<string | undefined>
export function installChromium(options?: {
  readonly say?: (line: string) => void
  readonly debianRoot?: boolean
}): Promise<string>
