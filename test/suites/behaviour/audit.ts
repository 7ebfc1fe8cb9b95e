import { describe, expect, it } from 'vitest'
import { renderRecord } from '../../../src/audit/cloudtrail'
import { encodeBase64, encodeHex } from '../../../src/codec/bytes'
import type { OperationName } from '../../../src/model/operations'
import type { AuditEntry } from '../../../src/ports/audit'
import { perform } from '../../../src/service/perform'
import { accountId, region, rootPrincipal, type TestKms, userPrincipal } from '../compose'
import { aliasArnOf, attempt, bytes, must, newKey, type Open, plantHmac, trail, verdict } from './harness'

const plaintext = Uint8Array.from({ length: 40 }, (_, i) => 200 - i)

/** The records of the calls that `work` makes, as CloudTrail shows them. */
async function recordsDuring(kms: TestKms, work: () => Promise<unknown>) {
  const before = (await trail(kms)).length
  await work()
  const entries = (await trail(kms)).slice(before)
  return entries.map((entry) => renderRecord(entry, { accountId, region }))
}

const resource = (ARN: string) => ({ accountId, type: 'AWS::KMS::Key', ARN })

export function audit(open: Open): void {
  describe('the audit record', () => {
    it('is one for every call, whatever became of it', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      kms.users.set('alice', {})
      const hmac = await plantHmac(kms)
      const calls: [OperationName, object, string | undefined][] = [
        ['DescribeKey', { KeyId }, undefined],
        ['DescribeKey', { KeyId: 'x' }, 'NotFoundException'],
        ['DescribeKey', {}, 'ValidationException'],
        ['DescribeKey', { KeyId: 1 }, 'SerializationException'],
        ['Encrypt', { KeyId: hmac.KeyId, Plaintext: bytes(1) }, 'InvalidKeyUsageException'],
        ['Encrypt', { KeyId, Plaintext: bytes(1), DryRun: true }, 'DryRunOperationException'],
        ['Decrypt', { CiphertextBlob: bytes(1) }, 'InvalidCiphertextException'],
        ['ReplicateKey', { KeyId, ReplicaRegion: 'us-east-1' }, 'UnsupportedOperationException'],
        ['DeleteAlias', { AliasName: 'alias/aws/a' }, 'NotAuthorizedException'],
        ['ListKeys', { Marker: 'x' }, 'InvalidMarkerException'],
      ]
      for (const [operation, input, errorCode] of calls) {
        const requestId = crypto.randomUUID()
        const call = { principal: rootPrincipal, operation, body: { input }, requestId }
        const records = await recordsDuring(kms, () =>
          perform(kms, { ...call, sourceIp: '192.0.2.7', userAgent: 'test/1', host: 'kms.example' }),
        )
        expect(records, operation).toMatchObject([
          {
            eventName: operation,
            eventSource: 'kms.amazonaws.com',
            eventTime: '2026-11-24T12:00:00Z',
            awsRegion: region,
            requestID: requestId,
            sourceIPAddress: '192.0.2.7',
            userAgent: 'test/1',
            tlsDetails: { clientProvidedHostHeader: 'kms.example' },
            userIdentity: { type: 'Root', accountId, arn: `arn:aws:iam::${accountId}:root` },
            responseElements: null,
            recipientAccountId: accountId,
          },
        ])
        expect(records[0]?.errorCode).toBe(errorCode)
      }
    })

    it('of a denied call shows neither parameters nor resources, and the caller', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      kms.users.set('alice', {})
      const [record] = await recordsDuring(kms, () => verdict(kms, 'DisableKey', { KeyId }, userPrincipal('alice')))
      expect(record).toMatchObject({
        errorCode: 'AccessDenied',
        requestParameters: null,
        responseElements: null,
        readOnly: false,
      })
      expect(record?.errorMessage).toMatch(/^User: arn:aws:iam::111122223333:user\/alice is not authorized/)
      expect(record).not.toHaveProperty('resources')
      expect(record?.userIdentity).toMatchObject({ type: 'IAMUser', userName: 'alice' })
    })

    it('shows parameters as they came, answers of changes, material, and resources', async () => {
      const kms = await open()
      const [a, b] = [await newKey(kms), await newKey(kms)]
      await must(kms, 'CreateAlias', { AliasName: 'alias/a', TargetKeyId: a.KeyId })
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: a.KeyId, Plaintext: plaintext })
      const materials = [a, b].map(
        async ({ KeyId }) => (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId,
      )
      const [materialA, materialB] = await Promise.all(materials)
      const changed = { keyId: a.arn }
      const rows: [OperationName, object, object][] = [
        [
          'Encrypt',
          { KeyId: 'alias/a', Plaintext: plaintext, EncryptionContext: { team: 'x' } },
          {
            requestParameters: {
              keyId: 'alias/a',
              encryptionContext: { team: 'x' },
              encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
            },
            additionalEventData: { keyMaterialId: materialA },
            readOnly: true,
            resources: [resource(a.arn)],
          },
        ],
        [
          'Decrypt',
          { CiphertextBlob },
          {
            requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
            additionalEventData: { keyMaterialId: materialA },
            resources: [resource(a.arn)],
          },
        ],
        [
          'ReEncrypt',
          { CiphertextBlob, DestinationKeyId: b.arn },
          {
            requestParameters: {
              sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
              destinationKeyId: b.arn,
              destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
            },
            additionalEventData: { sourceKeyMaterialId: materialA, destinationKeyMaterialId: materialB },
            resources: [resource(a.arn), resource(b.arn)],
          },
        ],
        [
          'GenerateDataKey',
          { KeyId: a.KeyId, NumberOfBytes: 20 },
          {
            requestParameters: { keyId: a.KeyId, numberOfBytes: 20 },
            additionalEventData: { keyMaterialId: materialA },
            responseElements: null,
          },
        ],
        ['GenerateRandom', { NumberOfBytes: 20 }, { requestParameters: null, resources: [] }],
        [
          'ListAliases',
          { KeyId: a.KeyId, Limit: 5 },
          { requestParameters: { keyId: a.KeyId, limit: 5 }, resources: [] },
        ],
        ['ListKeys', {}, { requestParameters: null, resources: [] }],
        [
          'CreateAlias',
          { AliasName: 'alias/b', TargetKeyId: a.KeyId },
          { responseElements: changed, resources: [resource(a.arn), resource(aliasArnOf('alias/b'))], readOnly: false },
        ],
        [
          'UpdateAlias',
          { AliasName: 'alias/b', TargetKeyId: b.KeyId },
          { responseElements: { keyId: b.arn }, resources: [resource(aliasArnOf('alias/b')), resource(b.arn)] },
        ],
        [
          'DeleteAlias',
          { AliasName: 'alias/b' },
          { responseElements: { keyId: b.arn }, resources: [resource(aliasArnOf('alias/b')), resource(b.arn)] },
        ],
        [
          'DisableKey',
          { KeyId: a.KeyId },
          { requestParameters: { keyId: a.KeyId }, responseElements: changed, resources: [resource(a.arn)] },
        ],
        ['EnableKey', { KeyId: a.arn }, { requestParameters: { keyId: a.arn }, responseElements: changed }],
        [
          'TagResource',
          { KeyId: a.KeyId, Tags: [{ TagKey: 'k', TagValue: 'v' }] },
          { requestParameters: { keyId: a.KeyId, tags: [{ tagKey: 'k', tagValue: 'v' }] }, responseElements: changed },
        ],
        [
          'ScheduleKeyDeletion',
          { KeyId: a.KeyId, PendingWindowInDays: 7 },
          {
            responseElements: {
              keyId: a.arn,
              keyState: 'PendingDeletion',
              deletionDate: 'Dec 1, 2026, 12:00:00 PM',
              pendingWindowInDays: 7,
            },
          },
        ],
      ]
      for (const [operation, input, expected] of rows) {
        const records = await recordsDuring(kms, async () => expect(await verdict(kms, operation, input)).toBe('ok'))
        expect(records, operation).toMatchObject([{ eventName: operation, eventType: 'AwsApiCall', ...expected }])
      }
    })

    it('of CreateKey holds the metadata of the new key', async () => {
      const kms = await open()
      const records = await recordsDuring(kms, () => newKey(kms, { Description: 'd' }))
      expect(records).toMatchObject([
        {
          requestParameters: { description: 'd', keySpec: 'SYMMETRIC_DEFAULT', multiRegion: false, tags: [] },
          responseElements: {
            keyMetadata: { aWSAccountId: accountId, description: 'd', creationDate: 'Nov 24, 2026, 12:00:00 PM' },
          },
          resources: [{ accountId }],
        },
      ])
    })

    it('has company when the service does something by itself', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const records = await recordsDuring(kms, () => must(kms, 'RotateKeyOnDemand', { KeyId }))
      expect(records.map((record) => [record.eventName, record.eventType])).toEqual([
        ['RotateKey', 'AwsServiceEvent'],
        ['RotateKeyOnDemand', 'AwsApiCall'],
      ])
      expect(records[0]).toMatchObject({
        userIdentity: { accountId, invokedBy: 'AWS Internal' },
        requestParameters: null,
        responseElements: { keyId: arn },
        resources: [resource(arn)],
        readOnly: false,
        serviceEventDetails: { keyId: KeyId, rotationType: 'ON_DEMAND', keyOrigin: 'AWS_KMS' },
      })
      const details = records[0]?.serviceEventDetails
      expect(details?.previousKeyMaterialId).not.toBe(details?.currentKeyMaterialId)
    })

    it('never holds plaintext, ciphertext or tokens', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const secrets: Uint8Array[] = [plaintext]
      const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId, Plaintext: plaintext })
      const dataKey = await must(kms, 'GenerateDataKey', { KeyId, NumberOfBytes: 48 })
      const random = await must(kms, 'GenerateRandom', { NumberOfBytes: 48 })
      const moved = await must(kms, 'ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
      secrets.push(CiphertextBlob, dataKey.Plaintext, dataKey.CiphertextBlob, random.Plaintext, moved.CiphertextBlob)
      await must(kms, 'Decrypt', { CiphertextBlob })
      await attempt(kms, 'Decrypt', { CiphertextBlob, EncryptionContext: { a: 'b' } })
      await attempt(kms, 'Encrypt', { KeyId, Plaintext: new Uint8Array(5000).fill(77) })
      await attempt(kms, 'Encrypt', { KeyId, Plaintext: bytes(1), GrantTokens: ['AQpAsecretgranttoken'] })
      const json = (text: string) =>
        perform(kms, { principal: rootPrincipal, operation: 'Encrypt', body: { json: text }, requestId: 'r' })
      await json(`{"KeyId":"${KeyId}","Plaintext":"${encodeBase64(plaintext)}x"}`)
      await json(`{"KeyId":"${KeyId}","Plaintext":"${encodeBase64(plaintext)}"`)
      const log = JSON.stringify(await trail(kms)) + kms.faults.join()
      for (const secret of secrets) {
        // Any aligned piece of the base64 text would do to find it.
        expect(log).not.toContain(encodeBase64(Uint8Array.from(secret.subarray(0, 24))))
        expect(log).not.toContain(encodeHex(secret.subarray(0, 16)))
        expect(log).not.toContain(JSON.stringify([...secret.subarray(0, 8)]).slice(1, -1))
      }
      expect(log).not.toContain('AQpAsecretgranttoken')
      expect(log).not.toContain(encodeBase64(new Uint8Array(24).fill(77)))
      expect(log).not.toContain('"0":')
    })

    it('has ids of its own, and the use of a key points to it', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
      const entries = await trail(kms)
      expect(new Set(entries.map((entry) => entry.eventId)).size).toBe(entries.length)
      const last = entries.at(-1) as AuditEntry
      const { KeyLastUsage } = await must(kms, 'GetKeyLastUsage', { KeyId })
      expect(KeyLastUsage).toMatchObject({ CloudTrailEventId: last.eventId, KmsRequestId: last.requestId })
    })
  })
}
