import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newSecrets } from '../../scripts/dev-vars.mjs'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  accountId,
  type Credentials,
  type Ended,
  isThere,
  newStateFolder,
  removeFolder,
  runWith,
  secrets,
  shellLines,
  startServer,
} from './server'

const script = new URL('../../docs/authorization-tasks.sh', import.meta.url).pathname
const [other] = Object.entries(JSON.parse(newSecrets().KMS_ACCOUNTS) as Record<string, Credentials>)
if (!other) throw new Error('newSecrets made no account')
const [otherAccountId, otherRoot] = other

const ownTasks = [
  'passes:  alice encrypts with her key',
  'passes:  alice decrypts with it',
  'refused: alice encrypts with another key',
  'refused: alice disables her key',
  'passes:  billing encrypts with its context',
  'passes:  billing decrypts with it',
  'refused: billing, with the context of another service',
  'refused: billing encrypts without a context',
  'refused: billing, after its grant was revoked',
]
const partnersTasks = [
  'refused: the partner, before its own account allows it',
  'passes:  the partner encrypts with the shared key',
  'passes:  the partner decrypts with it',
  'refused: the partner encrypts with another key',
]
const pagesTasks = [
  'passes:  the page encrypts for its customer',
  'passes:  the page decrypts for its customer',
  'refused: the page encrypts for another customer',
  'refused: the page encrypts with another key',
  'refused: the page makes a data key, as its role may',
]
const answers = [
  '"because":"because no identity-based policy allows the kms:DisableKey action"',
  expect.stringMatching(
    /^"recorded":\{.*"errorCode":"AccessDeniedException","decision":"kms:DisableKey not allowed: no identity policy allows it"\}$/,
  ),
  'all tasks done',
]

/** The script of docs/authorization.md as it stands there, in the shell of the root user. */
describe.skipIf(!(await isThere('aws', '--version')) || !(await isThere('curl', '--version')))(
  'docs/authorization-tasks.sh',
  () => {
    let folder: string
    let server: ServedProcess
    let lines: string

    beforeAll(async () => {
      folder = await newStateFolder()
      const accounts = { ...JSON.parse(secrets.KMS_ACCOUNTS), [otherAccountId]: otherRoot }
      server = await startServer(folder, { KMS_ACCOUNTS: JSON.stringify(accounts) })
      lines = await shellLines(server.url)
    })
    afterAll(async () => {
      await server.stop()
      await removeFolder(folder)
    })

    const said = ({ stdout, stderr, exitCode }: Ended) => ({ said: stdout.trim().split('\n'), stderr, exitCode })

    it('runs with both accounts, and stops at the first thing that is not as it says', {
      timeout: 400_000,
    }, async () => {
      const administrator = `${otherRoot.accessKeyId}\\t${otherRoot.secretAccessKey}`
      const more = `export OTHER_ACCOUNT=${otherAccountId} OTHER="$(printf '${administrator}')"`
      expect(said(await runWith(`${lines}\n${more}`, 'sh', '-eu', script))).toEqual({
        said: [...ownTasks, ...partnersTasks, ...pagesTasks, ...answers],
        stderr: '',
        exitCode: 0,
      })
    })

    it('runs as text that is pasted, again and with one account', { timeout: 400_000 }, async () => {
      const text = await readFile(script, 'utf8')
      expect(text).not.toContain(accountId)
      expect(said(await runWith(lines, 'sh', '-c', 'printf %s "$1" | bash', 'sh', text))).toEqual({
        said: [...ownTasks, ...pagesTasks, ...answers],
        stderr: '',
        exitCode: 0,
      })
    })
  },
)
