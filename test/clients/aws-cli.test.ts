import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ServedProcess } from '../../scripts/serve-process.mjs'
import {
  accountId,
  coldAws,
  isThere,
  newStateFolder,
  region,
  removeFolder,
  runAws,
  runWith,
  shellLines,
  startServer,
} from './server'

/** A user's first quarter of an hour, typed as a user would; each line goes on from the ones before it. */
describe.skipIf(!(await isThere('aws', '--version')))('AWS CLI', () => {
  let folder: string
  let server: ServedProcess
  let lines: string
  let keyId: string
  let plaintextFile: string
  let sealedFile: string
  const alias = 'alias/orders'

  const aws = (...args: string[]) => runAws(lines, ...args)
  const awsText = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await runWith(lines, 'aws', '--output', 'text', ...args)
    if (exitCode !== 0) throw new Error(`aws ${args.join(' ')}: ${stderr.trim()}`)
    return stdout.trim()
  }

  beforeAll(async () => {
    folder = await newStateFolder()
    server = await startServer(folder)
    lines = `${await shellLines(server.url)}\n${coldAws}`
    plaintextFile = join(folder, 'plaintext')
    sealedFile = join(folder, 'sealed')
    await writeFile(plaintextFile, randomBytes(4096))
  })
  afterAll(async () => {
    await server.stop()
    await removeFolder(folder)
  })

  it('sts get-caller-identity', async () => {
    expect(await aws('sts', 'get-caller-identity')).toEqual({
      UserId: accountId,
      Account: accountId,
      Arn: `arn:aws:iam::${accountId}:root`,
    })
  })

  it('kms create-key, create-alias, list-aliases, describe-key by alias', async () => {
    keyId = await awsText('kms', 'create-key', '--description', 'orders', '--query', 'KeyMetadata.KeyId')
    expect(keyId).toMatch(/^[0-9a-f-]{36}$/)
    await aws('kms', 'create-alias', '--alias-name', alias, '--target-key-id', keyId)
    expect(await aws('kms', 'list-aliases', '--key-id', keyId)).toMatchObject({
      Aliases: [{ AliasName: alias, AliasArn: `arn:aws:kms:${region}:${accountId}:${alias}`, TargetKeyId: keyId }],
    })
    expect(await aws('kms', 'describe-key', '--key-id', alias)).toMatchObject({
      KeyMetadata: { KeyId: keyId, Description: 'orders', KeyState: 'Enabled' },
    })
  })

  it("kms encrypt and decrypt of a file's bytes", async () => {
    const context = ['--encryption-context', 'purpose=test,order=17']
    const blob = ['--query', 'CiphertextBlob']
    const sealed = await awsText(
      'kms',
      'encrypt',
      '--key-id',
      alias,
      '--plaintext',
      `fileb://${plaintextFile}`,
      ...context,
      ...blob,
    )
    await writeFile(sealedFile, Buffer.from(sealed, 'base64'))
    const decrypt = ['kms', 'decrypt', '--ciphertext-blob', `fileb://${sealedFile}`]
    const opened = await awsText(...decrypt, ...context, '--query', 'Plaintext')
    expect(Buffer.from(opened, 'base64').equals(await readFile(plaintextFile))).toBe(true)
    await expect(aws(...decrypt, '--encryption-context', 'purpose=test,order=18')).rejects.toThrow(
      'An error occurred (InvalidCiphertextException) when calling the Decrypt operation',
    )
  })

  it('kms generate-data-key', async () => {
    const made = await aws('kms', 'generate-data-key', '--key-id', alias, '--key-spec', 'AES_256')
    const { CiphertextBlob, Plaintext } = made as Record<string, string>
    expect(Buffer.from(Plaintext ?? '', 'base64')).toHaveLength(32)
    await writeFile(sealedFile, Buffer.from(CiphertextBlob ?? '', 'base64'))
    const opened = await aws('kms', 'decrypt', '--key-id', keyId, '--ciphertext-blob', `fileb://${sealedFile}`)
    expect(opened).toMatchObject({ Plaintext })
  })

  it('kms tag-resource, list-resource-tags', async () => {
    await aws('kms', 'tag-resource', '--key-id', keyId, '--tags', 'TagKey=team,TagValue=blue')
    expect(await aws('kms', 'list-resource-tags', '--key-id', keyId)).toMatchObject({
      Tags: [{ TagKey: 'team', TagValue: 'blue' }],
    })
  })

  it('kms enable-key-rotation, get-key-rotation-status', async () => {
    await aws('kms', 'enable-key-rotation', '--key-id', keyId, '--rotation-period-in-days', '180')
    expect(await aws('kms', 'get-key-rotation-status', '--key-id', keyId)).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 180,
    })
  })

  it('kms disable-key, enable-key', async () => {
    const encrypt = ['kms', 'encrypt', '--key-id', alias, '--plaintext', `fileb://${plaintextFile}`]
    await aws('kms', 'disable-key', '--key-id', keyId)
    await expect(aws(...encrypt)).rejects.toThrow('(DisabledException) when calling the Encrypt operation')
    await aws('kms', 'enable-key', '--key-id', keyId)
    await aws(...encrypt)
  })

  it('kms schedule-key-deletion, cancel-key-deletion', async () => {
    expect(await aws('kms', 'schedule-key-deletion', '--key-id', keyId, '--pending-window-in-days', '7')).toMatchObject(
      {
        KeyState: 'PendingDeletion',
        PendingWindowInDays: 7,
      },
    )
    await aws('kms', 'cancel-key-deletion', '--key-id', keyId)
    expect(await aws('kms', 'describe-key', '--key-id', keyId)).toMatchObject({ KeyMetadata: { KeyState: 'Disabled' } })
  })

  it('cloudtrail lookup-events shows all of it, the refused calls too', async () => {
    const { Events } = (await aws('cloudtrail', 'lookup-events')) as { Events: { CloudTrailEvent: string }[] }
    const records = Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent) as Record<string, string>)
    // STS has records too, which come a moment later by way of the Directory.
    const ofKms = records.filter(({ eventSource }) => eventSource === 'kms.amazonaws.com')
    const told = ofKms.map(({ eventName, errorCode }) => `${eventName} ${errorCode ?? ''}`.trim())
    expect(told.sort()).toEqual(
      [
        'CreateKey',
        'CreateAlias',
        'ListAliases',
        'DescribeKey',
        'Encrypt',
        'Decrypt',
        'Decrypt InvalidCiphertextException',
        'GenerateDataKey',
        'Decrypt',
        'TagResource',
        'ListResourceTags',
        'EnableKeyRotation',
        'GetKeyRotationStatus',
        'DisableKey',
        'Encrypt DisabledException',
        'EnableKey',
        'Encrypt',
        'ScheduleKeyDeletion',
        'CancelKeyDeletion',
        'DescribeKey',
      ].sort(),
    )
    expect(JSON.stringify(records)).not.toContain((await readFile(plaintextFile)).toString('base64').slice(0, 40))
  })
})
