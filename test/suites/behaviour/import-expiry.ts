import { expect, it } from 'vitest'
import { isDeleted } from '../../../src/keys/rotation'
import { settleDue } from '../../../src/service/maintenance'
import { checkRows, must, type Open, recordsOf, verdict } from './harness'
import { dayMs, describeKey, external, importer, never, secret } from './import-harness'

/** Material with an end. */
export function importExpiry(open: Open): void {
  it('expires on the second that was said', async () => {
    const kms = await open()
    const key = await external(kms)
    const { KeyId } = key
    const request = await importer(kms, key)
    const at = (ms: number) => new Date(kms.clock.ms + ms)
    await checkRows(kms, [
      [
        'no date',
        'ImportKeyMaterial',
        await request(secret(1), {}),
        'ValidationException: A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
      ],
      [
        'now',
        'ImportKeyMaterial',
        await request(secret(1), { ValidTo: at(0) }),
        'ValidationException: ValidTo must be in the future',
      ],
      [
        'too far',
        'ImportKeyMaterial',
        await request(secret(1), { ValidTo: at(365 * dayMs + 1000) }),
        'ValidationException: ValidTo must be within 365 days',
      ],
      [
        'unwanted',
        'ImportKeyMaterial',
        await request(secret(1), { ...never, ValidTo: at(1000) }),
        'ValidationException: A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
      ],
      ['a year', 'ImportKeyMaterial', await request(secret(1), { ValidTo: at(365 * dayMs) }), 'ok'],
      ['an hour', 'ImportKeyMaterial', await request(secret(1), { ValidTo: at(3_600_500) }), 'ok'],
    ])
    const validToMs = kms.clock.ms + 3_600_000
    expect(await describeKey(kms, key)).toMatchObject({
      KeyState: 'Enabled',
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: new Date(validToMs),
    })
    expect(await kms.storage.nextDueMs('key')).toBe(validToMs)
    kms.clock.ms = validToMs - 1
    expect((await describeKey(kms, key)).KeyState).toBe('Enabled')
    kms.clock.ms = validToMs
    const expired = `KMSInvalidStateException: ${key.arn} is pending import.`
    expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext: secret(1) })).toBe(expired)
    expect(await kms.storage.list('material', { owner: KeyId, limit: 9 })).toHaveLength(1)
    expect(await settleDue(kms)).toBe(false)
    expect(await kms.storage.list('material', { owner: KeyId, limit: 9 })).toEqual([])
    expect(await kms.storage.nextDueMs('key')).toBeUndefined()
    const metadata = await describeKey(kms, key)
    expect(metadata).not.toHaveProperty('ValidTo')
    expect(metadata).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: expect.any(String) })
    expect(await recordsOf(kms, 'DeleteExpiredKeyMaterial')).toMatchObject([
      {
        principal: null,
        parameters: null,
        response: null,
        resources: [key.arn],
        serviceEvent: { keyId: KeyId, keyMaterialId: metadata.CurrentKeyMaterialId },
      },
    ])
    await must(kms, 'ImportKeyMaterial', await request(secret(1)))
    expect(await describeKey(kms, key)).toMatchObject({ ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' })
  })

  it('expires while its deletion is pending, which it does not hold up', async () => {
    const kms = await open()
    const key = await external(kms)
    const request = await importer(kms, key)
    const ValidTo = new Date(kms.clock.ms + dayMs)
    await must(kms, 'ImportKeyMaterial', await request(secret(1), { ValidTo }))
    await must(kms, 'ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 })
    kms.clock.advanceDays(2)
    await settleDue(kms)
    expect(await kms.storage.list('material', { owner: key.KeyId, limit: 9 })).toEqual([])
    expect((await describeKey(kms, key)).KeyState).toBe('PendingDeletion')
    const row = await kms.storage.read('key', key.KeyId)
    expect(await kms.storage.nextDueMs('key')).toBe(row?.value.deleteAtMs)
    kms.clock.advanceDays(5)
    expect(row && isDeleted(row.value, kms.clock.ms)).toBe(true)
    await settleDue(kms)
    expect(await kms.storage.read('key', key.KeyId)).toBeUndefined()
  })
}
