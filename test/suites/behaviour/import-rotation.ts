import { expect, it } from 'vitest'
import { attempt, checkRows, must, type Open, recordsOf } from './harness'
import { dayMs, describeKey, external, importer, materialsOf, never, secret } from './import-harness'

/** Second material of symmetric keys. */
export function importRotation(open: Open): void {
  it('symmetric keys take new material, which waits for its rotation', async () => {
    const kms = await open()
    const key = await external(kms)
    const { KeyId } = key
    const request = await importer(kms, key)
    const asNew = { ...never, ImportType: 'NEW_KEY_MATERIAL' } as const
    const { KeyMaterialId: first } = await must(
      kms,
      'ImportKeyMaterial',
      await request(secret(1), { ...never, KeyMaterialDescription: 'the first' }),
    )
    const noneWaits = `KMSInvalidStateException: No available key material pending rotation for the key: ${key.arn}.`
    await checkRows(kms, [
      ['nothing waits', 'RotateKeyOnDemand', { KeyId }, noneWaits],
      ['known material as new', 'ImportKeyMaterial', await request(secret(1), asNew), 'IncorrectKeyMaterialException'],
      ['unknown material as known', 'ImportKeyMaterial', await request(secret(2)), 'IncorrectKeyMaterialException'],
      [
        'an id for new material',
        'ImportKeyMaterial',
        await request(secret(2), { ...asNew, KeyMaterialId: first }),
        'ValidationException: KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL',
      ],
      [
        'another id',
        'ImportKeyMaterial',
        await request(secret(1), { ...never, KeyMaterialId: 'a'.repeat(64) }),
        'IncorrectKeyMaterialException',
      ],
      ['its own id', 'ImportKeyMaterial', await request(secret(1), { ...never, KeyMaterialId: first }), 'ok'],
    ])
    const old = await must(kms, 'Encrypt', { KeyId, Plaintext: secret(3) })
    const ValidTo = new Date(kms.clock.ms + 2 * dayMs)
    const { KeyMaterialId: second } = await must(
      kms,
      'ImportKeyMaterial',
      await request(secret(2), { ValidTo, ImportType: 'NEW_KEY_MATERIAL' }),
    )
    expect(await describeKey(kms, key)).toMatchObject({
      CurrentKeyMaterialId: first,
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    })
    const waiting = {
      KeyId,
      KeyMaterialId: second,
      ImportState: 'IMPORTED',
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo,
    }
    const oldest = {
      KeyId,
      KeyMaterialId: first,
      KeyMaterialDescription: 'the first',
      ImportState: 'IMPORTED',
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    }
    expect(await materialsOf(kms, key)).toEqual([
      { ...waiting, KeyMaterialState: 'PENDING_ROTATION' },
      { ...oldest, KeyMaterialState: 'CURRENT' },
    ])
    expect((await must(kms, 'ListKeyRotations', { KeyId })).Rotations).toEqual([])
    const third = await attempt(kms, 'ImportKeyMaterial', await request(secret(5), asNew))
    expect(third).toMatchObject({
      ok: false,
      error: {
        code: 'KMSInvalidStateException',
        message: expect.stringMatching(
          `^New key material \\(id: [0-9a-f]{64}\\) cannot be imported into KMS key ${key.arn}, because another key material \\(id: ${second}\\) is pending rotation\\.$`,
        ),
      },
    })

    await must(kms, 'RotateKeyOnDemand', { KeyId })
    const rotated = { RotationDate: new Date(kms.clock.ms), RotationType: 'ON_DEMAND' }
    expect(await materialsOf(kms, key)).toEqual([
      { ...waiting, ...rotated, KeyMaterialState: 'CURRENT' },
      { ...oldest, KeyMaterialState: 'NON_CURRENT' },
    ])
    expect(await describeKey(kms, key)).toMatchObject({ CurrentKeyMaterialId: second, ValidTo })
    expect(await recordsOf(kms, 'RotateKey')).toMatchObject([
      {
        serviceEvent: {
          rotationType: 'ON_DEMAND',
          keyOrigin: 'EXTERNAL',
          previousKeyMaterialId: first,
          currentKeyMaterialId: second,
        },
      },
    ])
    expect(await must(kms, 'Decrypt', { CiphertextBlob: old.CiphertextBlob })).toMatchObject({ KeyMaterialId: first })
    expect(await must(kms, 'Encrypt', { KeyId, Plaintext: secret(3) })).toMatchObject({ KeyId: key.arn })

    // One of them gone is enough to wait for it again.
    await must(kms, 'DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: first })
    kms.clock.advanceDays(2)
    expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
    expect((await materialsOf(kms, key)).map(({ ImportState }) => ImportState)).toEqual([
      'PENDING_IMPORT',
      'PENDING_IMPORT',
    ])
    const again = await importer(kms, key)
    await must(kms, 'ImportKeyMaterial', await again(secret(1)))
    expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
    await must(kms, 'ImportKeyMaterial', await again(secret(2)))
    expect(await describeKey(kms, key)).toMatchObject({ KeyState: 'Enabled', CurrentKeyMaterialId: second })
    expect((await materialsOf(kms, key)).map(({ KeyMaterialDescription }) => KeyMaterialDescription)).toEqual([
      undefined,
      'the first',
    ])
    expect(await must(kms, 'Decrypt', { CiphertextBlob: old.CiphertextBlob })).toMatchObject({ KeyMaterialId: first })
  })

  it('material that waits may be deleted, and then makes room', async () => {
    const kms = await open()
    const key = await external(kms)
    const { KeyId } = key
    const request = await importer(kms, key)
    const asNew = { ...never, ImportType: 'NEW_KEY_MATERIAL' } as const
    await must(kms, 'ImportKeyMaterial', await request(secret(1)))
    const { KeyMaterialId } = await must(kms, 'ImportKeyMaterial', await request(secret(2), asNew))
    await must(kms, 'DeleteImportedKeyMaterial', { KeyId, KeyMaterialId })
    expect((await describeKey(kms, key)).KeyState).toBe('Enabled')
    expect(await materialsOf(kms, key)).toHaveLength(1)
    const { KeyMaterialId: next } = await must(kms, 'ImportKeyMaterial', await request(secret(5), asNew))
    await must(kms, 'RotateKeyOnDemand', { KeyId })
    expect((await describeKey(kms, key)).CurrentKeyMaterialId).toBe(next)
  })
}
