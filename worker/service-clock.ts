import type { ClockPort } from '../src/ports/clock'
import type { StoragePort } from '../src/ports/storage'

const offsetSetting = 'clock-offset-ms'

/** The two clocks of a Vault. The service clock is ahead of the wall clock by a stored offset that only grows. */
export class ServiceClock implements ClockPort {
  private constructor(
    private readonly storage: StoragePort,
    private offset: number,
  ) {}

  static async open(storage: StoragePort): Promise<ServiceClock> {
    const row = await storage.read('setting', offsetSetting)
    return new ServiceClock(storage, Number(row?.value.value ?? 0))
  }

  wallMs(): number {
    return Date.now()
  }

  serviceMs(): number {
    return Date.now() + this.offset
  }

  get offsetMs(): number {
    return this.offset
  }

  /** Moves the service clock forward, durably. */
  async advance(ms: number): Promise<void> {
    for (;;) {
      const row = await this.storage.read('setting', offsetSetting)
      const offset = Number(row?.value.value ?? 0) + ms
      const value = { name: offsetSetting, value: String(offset) }
      const change = { collection: 'setting', id: offsetSetting, version: row?.version ?? 0, value } as const
      if (!(await this.storage.commit({ reads: [], changes: [change], appends: [] }))) continue
      this.offset = Math.max(this.offset, offset)
      return
    }
  }
}
