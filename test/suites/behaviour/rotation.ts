import { describe, expect, it } from 'vitest'
import { settleDue } from '../../../src/service/maintenance'
import { startMs, type TestKms } from '../compose'
import {
  bytes,
  checkRows,
  invalid,
  must,
  newKey,
  type Open,
  outOfRange,
  plantExternal,
  plantHmac,
  plantRsa,
  range,
  recordsOf,
  unknownId,
  verdict,
} from './harness'

const dayMs = 86_400_000
const onDay = (day: number) => new Date(startMs + day * dayMs)

const currentMaterial = async (kms: TestKms, KeyId: string) =>
  (await must(kms, 'DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId
const seal = async (kms: TestKms, KeyId: string) =>
  (await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })).CiphertextBlob
const rotations = async (kms: TestKms, KeyId: string) =>
  (await must(kms, 'ListKeyRotations', { KeyId, Limit: 1000 })).Rotations
const datesOf = (found: readonly { readonly RotationDate?: Date | undefined }[]) =>
  found.map(({ RotationDate }) => ((RotationDate?.getTime() ?? 0) - startMs) / dayMs)

/** Every blob opens, by the material that sealed it. */
async function expectOpen(kms: TestKms, blobs: ReadonlyMap<string, Bytes>): Promise<void> {
  for (const [KeyMaterialId, CiphertextBlob] of blobs) {
    expect(await must(kms, 'Decrypt', { CiphertextBlob })).toMatchObject({ KeyMaterialId, Plaintext: bytes(1) })
  }
}

export function rotation(open: Open): void {
  describe('automatic rotation', () => {
    it('is off, on for a period, off again', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const status = () => must(kms, 'GetKeyRotationStatus', { KeyId })
      const off = { KeyId: arn, KeyRotationEnabled: false }
      expect(await status()).toEqual(off)
      await must(kms, 'EnableKeyRotation', { KeyId })
      const on = { KeyId: arn, KeyRotationEnabled: true, RotationPeriodInDays: 365, NextRotationDate: onDay(365) }
      expect(await status()).toEqual(on)
      kms.clock.advanceDays(10)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      expect(await status()).toEqual({ ...on, RotationPeriodInDays: 90, NextRotationDate: onDay(100) })
      await must(kms, 'DisableKey', { KeyId })
      expect(await status()).toMatchObject({ KeyRotationEnabled: true })
      await must(kms, 'ScheduleKeyDeletion', { KeyId })
      expect(await status()).toEqual(off)
      await must(kms, 'CancelKeyDeletion', { KeyId })
      expect(await status()).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 })
      await must(kms, 'EnableKey', { KeyId })
      await must(kms, 'DisableKeyRotation', { KeyId })
      expect(await status()).toEqual(off)
      kms.clock.advanceDays(1000)
      expect(await rotations(kms, KeyId)).toEqual([])
    })

    it('happens by the clock alone, at its time, to the millisecond', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      const first = await currentMaterial(kms, KeyId)
      const blob = await seal(kms, KeyId)
      kms.clock.ms += 90 * dayMs - 1
      expect(await currentMaterial(kms, KeyId)).toBe(first)
      kms.clock.ms += 1
      const sealed = await must(kms, 'Encrypt', { KeyId, Plaintext: bytes(1) })
      const second = await currentMaterial(kms, KeyId)
      expect(second).not.toBe(first)
      await expectOpen(
        kms,
        new Map([
          [first as string, blob],
          [second as string, sealed.CiphertextBlob],
        ]),
      )
      expect(await must(kms, 'GetKeyRotationStatus', { KeyId })).toMatchObject({ NextRotationDate: onDay(180) })
    })

    it('makes up for every period that nobody asked in, and every old ciphertext opens', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const blobs = new Map([[(await currentMaterial(kms, KeyId)) as string, await seal(kms, KeyId)]])
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
      kms.clock.advanceDays(350)
      const found = await rotations(kms, KeyId)
      expect(datesOf(found)).toEqual([300, 200, 100])
      expect(found.map((one) => one.RotationType)).toEqual(['AUTOMATIC', 'AUTOMATIC', 'AUTOMATIC'])
      expect(found.map((one) => one.KeyMaterialState)).toEqual(['CURRENT', 'NON_CURRENT', 'NON_CURRENT'])
      blobs.set((await currentMaterial(kms, KeyId)) as string, await seal(kms, KeyId))
      expect(found[0]?.KeyMaterialId).toBe(await currentMaterial(kms, KeyId))
      await expectOpen(kms, blobs)
      expect((await recordsOf(kms, 'RotateKey')).length).toBe(3)
    })

    it('happens without anybody asking when what is due is settled', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      kms.clock.advanceDays(181)
      expect(await settleDue(kms)).toBe(false)
      expect(await kms.storage.list('material', { owner: KeyId, limit: 9 })).toHaveLength(3)
      expect(await kms.storage.nextDueMs('key')).toBe(onDay(270).getTime())
      const records = await recordsOf(kms, 'RotateKey')
      expect(records.map((record) => record.serviceEvent?.rotationType)).toEqual(['AUTOMATIC', 'AUTOMATIC'])
      expect(await settleDue(kms)).toBe(false)
      expect(await recordsOf(kms, 'RotateKey')).toHaveLength(2)
    })

    it('waits for a disabled key, and comes at once, and only once, when it is enabled', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
      await must(kms, 'DisableKey', { KeyId })
      kms.clock.advanceDays(350)
      await settleDue(kms)
      expect(await rotations(kms, KeyId)).toEqual([])
      await must(kms, 'EnableKey', { KeyId })
      expect(datesOf(await rotations(kms, KeyId))).toEqual([350])
      kms.clock.advanceDays(99)
      expect(await rotations(kms, KeyId)).toHaveLength(1)
      kms.clock.advanceDays(1)
      expect(datesOf(await rotations(kms, KeyId))).toEqual([450, 350])
    })

    it('found due by a call that is then refused is left to the next one, record and all', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      kms.clock.advanceDays(90)
      const wrong = { KeyId, Plaintext: bytes(1), EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
      expect(await verdict(kms, 'Encrypt', wrong)).toMatch(/^InvalidKeyUsageException/)
      expect(await verdict(kms, 'Encrypt', { KeyId, Plaintext: bytes(1), DryRun: true })).toMatch(/^DryRunOperation/)
      expect(await recordsOf(kms, 'RotateKey')).toEqual([])
      expect(await kms.storage.list('material', { owner: KeyId, limit: 9 })).toHaveLength(1)
      expect(datesOf(await rotations(kms, KeyId))).toEqual([90])
      expect(await recordsOf(kms, 'RotateKey')).toHaveLength(1)
    })

    it('does not move when a key is disabled and enabled before its time', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
      await must(kms, 'DisableKey', { KeyId })
      kms.clock.advanceDays(50)
      await must(kms, 'EnableKey', { KeyId })
      expect(await must(kms, 'GetKeyRotationStatus', { KeyId })).toMatchObject({ NextRotationDate: onDay(100) })
    })

    it('has limits, and checks origin, state, spec', async () => {
      const kms = await open()
      const hmac = await plantHmac(kms)
      const rsa = await plantRsa(kms, { state: 'Disabled' })
      const external = await plantExternal(kms)
      const origin = `UnsupportedOperationException: ${external.arn} origin is EXTERNAL which is not valid for this operation.`
      await checkRows(kms, [
        [
          '89 days, before any look-up',
          'EnableKeyRotation',
          { KeyId: unknownId, RotationPeriodInDays: 89 },
          invalid(outOfRange(89, 'rotationPeriodInDays', 'greater than or equal to 90')),
        ],
        [
          '2561 days',
          'EnableKeyRotation',
          { KeyId: unknownId, RotationPeriodInDays: 2561 },
          invalid(outOfRange(2561, 'rotationPeriodInDays', 'less than or equal to 2560')),
        ],
        ['HMAC', 'EnableKeyRotation', { KeyId: hmac.KeyId }, 'UnsupportedOperationException'],
        ['HMAC', 'RotateKeyOnDemand', { KeyId: hmac.KeyId }, 'UnsupportedOperationException'],
        ['HMAC', 'DisableKeyRotation', { KeyId: hmac.KeyId }, 'ok'],
        ['HMAC', 'GetKeyRotationStatus', { KeyId: hmac.KeyId }, 'ok'],
        ['disabled RSA', 'EnableKeyRotation', { KeyId: rsa.KeyId }, `DisabledException: ${rsa.arn} is disabled.`],
        ['disabled RSA', 'RotateKeyOnDemand', { KeyId: rsa.KeyId }, `DisabledException: ${rsa.arn} is disabled.`],
        ['EXTERNAL', 'EnableKeyRotation', { KeyId: external.KeyId }, origin],
        ['EXTERNAL', 'DisableKeyRotation', { KeyId: external.KeyId }, origin],
        ['EXTERNAL', 'GetKeyRotationStatus', { KeyId: external.KeyId }, 'ok'],
      ])
      const { KeyId } = await newKey(kms)
      for (const RotationPeriodInDays of [90, 2560]) {
        await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays })
        expect(await must(kms, 'GetKeyRotationStatus', { KeyId })).toMatchObject({ RotationPeriodInDays })
      }
    })
  })

  describe('RotateKeyOnDemand', () => {
    it('works 25 times, and every ciphertext of every material opens', async () => {
      const kms = await open()
      const { KeyId, arn } = await newKey(kms)
      const blobs = new Map<string, Bytes>()
      const sealNow = async () => blobs.set((await currentMaterial(kms, KeyId)) as string, await seal(kms, KeyId))
      await sealNow()
      for (const _ of range(25)) {
        expect(await must(kms, 'RotateKeyOnDemand', { KeyId })).toEqual({ KeyId: arn })
        await sealNow()
      }
      expect(blobs.size).toBe(26)
      expect(await verdict(kms, 'RotateKeyOnDemand', { KeyId })).toBe(
        `LimitExceededException: The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
      )
      await expectOpen(kms, blobs)
      expect(await rotations(kms, KeyId)).toHaveLength(25)
    })

    it('leaves the automatic schedule alone, and is not counted by it', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      await must(kms, 'RotateKeyOnDemand', { KeyId })
      expect(await must(kms, 'GetKeyRotationStatus', { KeyId })).toMatchObject({ KeyRotationEnabled: false })
      await must(kms, 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
      kms.clock.advanceDays(50)
      await must(kms, 'RotateKeyOnDemand', { KeyId })
      expect(await must(kms, 'GetKeyRotationStatus', { KeyId })).toMatchObject({ NextRotationDate: onDay(90) })
      kms.clock.advanceDays(90 * 30)
      const found = await rotations(kms, KeyId)
      expect(found.filter((one) => one.RotationType === 'AUTOMATIC')).toHaveLength(30)
      for (const _ of range(23)) await must(kms, 'RotateKeyOnDemand', { KeyId })
      expect(await verdict(kms, 'RotateKeyOnDemand', { KeyId })).toMatch(/^LimitExceededException: /)
    })
  })

  describe('ListKeyRotations', () => {
    it('lists rotations, or all material, newest first, in pages', async () => {
      const kms = await open()
      const { KeyId } = await newKey(kms)
      const materials = [await currentMaterial(kms, KeyId)]
      for (const day of range(4)) {
        kms.clock.advanceDays(1)
        await must(kms, 'RotateKeyOnDemand', { KeyId })
        materials.unshift(await currentMaterial(kms, KeyId))
        expect(day).toBeLessThan(4)
      }
      const entry = (i: number) => ({
        KeyId,
        KeyMaterialId: materials[i],
        KeyMaterialState: i ? 'NON_CURRENT' : 'CURRENT',
        ...(i < 4 ? { RotationDate: onDay(4 - i), RotationType: 'ON_DEMAND' } : {}),
      })
      for (const [IncludeKeyMaterial, count] of [
        ['ROTATIONS_ONLY', 4],
        ['ALL_KEY_MATERIAL', 5],
      ] as const) {
        const whole = await must(kms, 'ListKeyRotations', { KeyId, IncludeKeyMaterial })
        expect(whole).toEqual({ Rotations: range(count).map(entry), Truncated: false })
        const paged: unknown[] = []
        let Marker: string | undefined
        do {
          const page = await must(kms, 'ListKeyRotations', {
            KeyId,
            IncludeKeyMaterial,
            Limit: 2,
            ...(Marker && { Marker }),
          })
          expect(page.Rotations.length).toBeLessThanOrEqual(2)
          expect(page.Truncated).toBe(page.NextMarker !== undefined)
          paged.push(...page.Rotations)
          Marker = page.NextMarker
        } while (Marker)
        expect(paged).toEqual(whole.Rotations)
      }
      expect((await must(kms, 'ListKeyRotations', { KeyId })).Rotations).toHaveLength(4)
    })
  })
}
