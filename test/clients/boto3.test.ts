import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isThere, modes, newStateFolder, removeFolder, runWith, shellLines, startServer } from './server'

const walk = fileURLToPath(new URL('walk.py', import.meta.url))

describe.skipIf(!(await isThere('python3', '-c', 'import boto3')))('boto3', () => {
  it.each(modes)('walks through the service, $mode', async ({ leaseSeconds }) => {
    const folder = await newStateFolder()
    const server = await startServer(folder, { KMS_LEASE_SECONDS: String(leaseSeconds) })
    try {
      const lines = await shellLines(server.url)
      const ended = await runWith(lines, 'python3', '-B', walk, String(leaseSeconds))
      expect(ended).toEqual({ exitCode: 0, stdout: 'done\n', stderr: '' })
    } finally {
      await server.stop()
      await removeFolder(folder)
    }
  })
})
