import { copyLifeMs } from './entry-copies'

export interface CopyHoldersParts<H> {
  /** Wall clock, ms. */
  nowMs(): number
  sleep(ms: number): Promise<void>
  /** Resolves when the holder has dropped every copy older than this version. */
  tell(holder: H, version: number): Promise<void>
  /** False for a Directory that has never answered anybody. */
  readonly mayHaveStrangers: boolean
}

interface Holding<H> {
  readonly holder: H
  readonly untilMs: number
}

/**
 * Who holds copies of a Directory's entries, kept in memory alone. A Directory that has just started does not know who
 * got copies before, so for one copy's life its writes wait until those have ended.
 */
export class CopyHolders<H> {
  private readonly holdings = new Map<string, Holding<H>>()
  private readonly strangersUntilMs: number

  constructor(private readonly parts: CopyHoldersParts<H>) {
    this.strangersUntilMs = parts.mayHaveStrangers ? parts.nowMs() + copyLifeMs : Number.NEGATIVE_INFINITY
  }

  /** Before a copy is handed out. */
  register(name: string, holder: H): void {
    this.holdings.set(name, { holder, untilMs: this.parts.nowMs() + copyLifeMs })
  }

  /** Resolves when every holder has dropped its copies, or its copies' life has ended. */
  async dropAll(version: number): Promise<void> {
    const { nowMs, sleep } = this.parts
    const waits = [...this.holdings].map(([name, holding]) => this.release(name, holding, version))
    const strangersMs = this.strangersUntilMs - nowMs()
    if (strangersMs > 0) waits.push(sleep(strangersMs))
    await Promise.all(waits)
  }

  /**
   * A holder stays on the list until it has dropped its copies: another write that comes meanwhile has to wait for it
   * too. One that cannot be reached is outlived: its copies end by themselves.
   */
  private async release(name: string, holding: Holding<H>, version: number): Promise<void> {
    const outlived = async () => {
      for (;;) {
        const leftMs = holding.untilMs - this.parts.nowMs()
        if (leftMs <= 0) return
        await this.parts.sleep(leftMs)
      }
    }
    await Promise.race([this.parts.tell(holding.holder, version).catch(outlived), outlived()])
    // Whoever has registered again since then holds a newer copy.
    if (this.holdings.get(name) === holding) this.holdings.delete(name)
  }
}
