import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unstable_getVarsForDev as wranglerVars } from 'wrangler'
import { build } from '../../scripts/build.mjs'
import { exportLines, newSecrets, type RootUsers, readDevVars, writeDevVars } from '../../scripts/dev-vars.mjs'

let folder: string
let configOf: (vars: Record<string, string>) => RootUsers
beforeAll(async () => {
  const built = await import((await build()).configPath)
  configOf = built.readConfig
  folder = await mkdtemp(join(tmpdir(), 'dev-vars-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('.dev.vars', () => {
  it('is made with secrets that the Worker takes, new ones each time', () => {
    const [one, other] = [newSecrets(), newSecrets()]
    for (const vars of [one, other]) {
      expect(vars.KMS_ROOT_KEYS).toMatch(/^r1:[A-Za-z0-9+/]{43}=$/)
      const [user] = configOf({ ...vars }).rootUsers.values()
      expect(Object.keys(JSON.parse(vars.KMS_ACCOUNTS))).toEqual([expect.stringMatching(/^[1-9][0-9]{11}$/)])
      expect(user?.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
      expect(user?.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
    }
    expect(one.KMS_ROOT_KEYS).not.toBe(other.KMS_ROOT_KEYS)
    expect(one.KMS_ACCOUNTS).not.toBe(other.KMS_ACCOUNTS)
  })

  it('is for its owner alone, and never replaced', async () => {
    const path = join(folder, 'own')
    const secrets = newSecrets()
    await writeDevVars({ ...secrets }, path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readDevVars(path)).toEqual(secrets)
    await expect(writeDevVars({ ...newSecrets() }, path)).rejects.toThrow('EEXIST')
    expect(await readDevVars(path)).toEqual(secrets)
  })

  it('may be absent', async () => {
    expect(await readDevVars(join(folder, 'none'))).toBeUndefined()
  })

  it('reads as wrangler reads it', async () => {
    const path = join(folder, '.dev.vars')
    await writeDevVars({ ...newSecrets() }, path)
    const more = [
      '# comment',
      'PLAIN=a+b/c==',
      'JSON={"111122223333":{"accessKeyId":"AKIA","secretAccessKey":"x/+="}}',
      'QUOTED="two words"',
      'EMPTY=',
      'export EXPORTED=1',
      "HASH='a#b'",
      'TAIL=v # comment',
    ]
    await writeFile(path, `${await readFile(path, 'utf8')}${more.join('\n')}\n`)
    const read = wranglerVars(join(folder, 'wrangler.toml'), undefined, {}, undefined, true)
    const theirs = Object.entries(read).map(([name, { value }]) => [name, value])
    expect(theirs.length).toBe(9)
    expect(await readDevVars(path)).toEqual(Object.fromEntries(theirs))
  })
})

describe('export lines', () => {
  const account = (secretAccessKey: string) =>
    JSON.stringify({ '111122223333': { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey } })
  const lines = (vars: Record<string, string>, options?: { secret: boolean }) =>
    exportLines(configOf({ ...newSecrets(), ...vars }), 'http://127.0.0.1:8787', options).join('\n')

  const cases: [string, Record<string, string>, string][] = [
    ['path prefix', { KMS_BASE_PATH: '/kms/' }, 'export AWS_ENDPOINT_URL_KMS=http://127.0.0.1:8787/kms\n'],
    ['no prefix', {}, 'export AWS_ENDPOINT_URL_STS=http://127.0.0.1:8787\n'],
    ['served Region', { KMS_REGIONS: 'eu-west-1' }, 'export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1'],
    [
      'secret that a shell would read',
      { KMS_ACCOUNTS: account(`it's $HOME; 0123456`) },
      `export AWS_SECRET_ACCESS_KEY='it'\\''s $HOME; 0123456'`,
    ],
  ]
  it.each(cases)('%s', (_, vars, line) => expect(lines(vars)).toContain(line))

  it('leave the secret out on request', () => {
    const vars = { KMS_ACCOUNTS: account('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY') }
    expect(lines(vars)).toContain('wJalrXUtnFEMI')
    expect(lines(vars, { secret: false })).not.toContain('wJalrXUtnFEMI')
  })
})
