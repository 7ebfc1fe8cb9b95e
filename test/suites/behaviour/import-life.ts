import { expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/codec/bytes'
import { checkRows, must, newKey, type Open, recordsOf } from './harness'
import { dayMs, describeKey, external, importer, oaep256, secret } from './import-harness'

/** From the first material to none, and to the same again. */
export function importLife(open: Open): void {
  it('comes to a key that waits for it, goes, and comes again', async () => {
    const kms = await open()
    const key = await external(kms)
    expect(await describeKey(kms, key)).toMatchObject({
      KeyState: 'PendingImport',
      Enabled: false,
      Origin: 'EXTERNAL',
    })
    for (const member of ['ExpirationModel', 'ValidTo', 'CurrentKeyMaterialId']) {
      expect(await describeKey(kms, key)).not.toHaveProperty(member)
    }
    const given = await must(kms, 'GetParametersForImport', {
      KeyId: key.KeyId,
      WrappingAlgorithm: oaep256,
      WrappingKeySpec: 'RSA_2048',
    })
    expect([given.KeyId, given.ParametersValidTo.getTime() - kms.clock.ms]).toEqual([key.arn, dayMs])

    const request = await importer(kms, key)
    const first = await must(kms, 'ImportKeyMaterial', await request(secret(1)))
    expect(first).toEqual({ KeyId: key.arn, KeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await describeKey(kms, key)).toMatchObject({
      KeyState: 'Enabled',
      Enabled: true,
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      CurrentKeyMaterialId: first.KeyMaterialId,
    })
    const Plaintext = encodeUtf8('hello')
    const { CiphertextBlob } = await must(kms, 'Encrypt', { KeyId: key.KeyId, Plaintext })

    expect(await must(kms, 'DeleteImportedKeyMaterial', { KeyId: key.KeyId })).toEqual(first)
    const gone = await describeKey(kms, key)
    expect(gone).toMatchObject({ KeyState: 'PendingImport', CurrentKeyMaterialId: first.KeyMaterialId })
    expect(gone).not.toHaveProperty('ExpirationModel')
    expect(await kms.storage.list('material', { owner: key.KeyId, limit: 9 })).toEqual([])
    await checkRows(kms, [
      [
        'without material',
        'Encrypt',
        { KeyId: key.KeyId, Plaintext },
        `KMSInvalidStateException: ${key.arn} is pending import.`,
      ],
      ['once more', 'DeleteImportedKeyMaterial', { KeyId: key.KeyId }, 'ok'],
      ['of no material', 'DeleteImportedKeyMaterial', { KeyId: (await external(kms)).KeyId }, 'ok'],
      [
        'of unknown material',
        'DeleteImportedKeyMaterial',
        { KeyId: key.KeyId, KeyMaterialId: 'a'.repeat(64) },
        `NotFoundException: Key material ${'a'.repeat(64)} does not exist`,
      ],
      ['other material', 'ImportKeyMaterial', await request(secret(2)), 'IncorrectKeyMaterialException'],
      ['the same material', 'ImportKeyMaterial', await request(secret(1)), 'ok'],
    ])
    expect(await must(kms, 'Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext })
    expect((await recordsOf(kms, 'ImportKeyMaterial')).map(({ response }) => response)).toEqual([
      { keyId: key.arn, keyMaterialId: first.KeyMaterialId },
      null,
      { keyId: key.arn, keyMaterialId: first.KeyMaterialId },
    ])
  })

  it('has another id on another key', async () => {
    const kms = await open()
    const ids: string[] = []
    for (const key of [await external(kms), await external(kms)]) {
      ids.push((await must(kms, 'ImportKeyMaterial', await (await importer(kms, key))(secret(1)))).KeyMaterialId)
    }
    expect(new Set(ids).size).toBe(2)
  })

  it('leaves a disabled key disabled, and a key pending deletion as it is', async () => {
    const kms = await open()
    const key = await external(kms)
    const { KeyId } = key
    const request = await importer(kms, key)
    await must(kms, 'ImportKeyMaterial', await request(secret(1)))
    await must(kms, 'DisableKey', { KeyId })
    await must(kms, 'ImportKeyMaterial', await request(secret(1)))
    expect((await describeKey(kms, key)).KeyState).toBe('Disabled')
    await must(kms, 'ScheduleKeyDeletion', { KeyId })
    await checkRows(kms, [
      [
        'pending deletion',
        'ImportKeyMaterial',
        await request(secret(1)),
        `KMSInvalidStateException: ${key.arn} is pending deletion.`,
      ],
      [
        'pending deletion',
        'GetParametersForImport',
        { KeyId, WrappingAlgorithm: oaep256, WrappingKeySpec: 'RSA_2048' },
        `KMSInvalidStateException: ${key.arn} is pending deletion.`,
      ],
      ['pending deletion', 'DeleteImportedKeyMaterial', { KeyId }, 'ok'],
    ])
    expect((await describeKey(kms, key)).KeyState).toBe('PendingDeletion')
    await must(kms, 'CancelKeyDeletion', { KeyId })
    expect((await describeKey(kms, key)).KeyState).toBe('PendingImport')
  })

  it('is for the origin EXTERNAL alone, said before the state, and for specs that take it', async () => {
    const kms = await open()
    const key = await newKey(kms)
    const { KeyId } = key
    const wrong = `UnsupportedOperationException: ${key.arn} origin is AWS_KMS which is not valid for this operation.`
    const WrappingKeySpec = 'RSA_2048'
    const token = { ImportToken: secret(1), EncryptedKeyMaterial: secret(1) }
    const rows = (state: string) =>
      [
        [state, 'GetParametersForImport', { KeyId, WrappingAlgorithm: oaep256, WrappingKeySpec }, wrong],
        [state, 'ImportKeyMaterial', { KeyId, ...token }, wrong],
        [state, 'DeleteImportedKeyMaterial', { KeyId }, wrong],
      ] as const
    await checkRows(kms, rows('Enabled'))
    await must(kms, 'ScheduleKeyDeletion', { KeyId })
    await checkRows(kms, rows('PendingDeletion'))
    const imported = await external(kms)
    await checkRows(kms, [
      [
        'of imported material',
        'EnableKeyRotation',
        { KeyId: imported.KeyId },
        `UnsupportedOperationException: ${imported.arn} origin is EXTERNAL which is not valid for this operation.`,
      ],
      ...(['ML_DSA_44', 'ML_KEM_768'] as const).map(
        (KeySpec) =>
          [
            KeySpec,
            'CreateKey',
            {
              KeySpec,
              Origin: 'EXTERNAL',
              KeyUsage: KeySpec === 'ML_DSA_44' ? 'SIGN_VERIFY' : 'ENCAPSULATE_DECAPSULATE',
            },
            expect.stringMatching(/^UnsupportedOperationException/) as unknown as string,
          ] as const,
      ),
    ])
  })
}
