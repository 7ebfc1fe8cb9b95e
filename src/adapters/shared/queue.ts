/** How many commits one group holds at most. */
const maxGroup = 256

export interface GroupQueueOptions<T> {
  /** Writes a group, all or nothing; answers for each item, in order. What it throws rejects the whole group. */
  readonly flush: (group: readonly T[]) => Promise<readonly boolean[]>
  /** May hold the next group back to let it grow. */
  readonly gather?: (waiting: number) => Promise<void> | undefined
}

/**
 * One flusher: groups are written one after the other, and whatever arrives while one is written forms the next.
 * A group that fails rejects its own items only.
 */
export function createGroupQueue<T>(options: GroupQueueOptions<T>): (item: T) => Promise<boolean> {
  interface Waiting {
    readonly item: T
    readonly resolve: (accepted: boolean) => void
    readonly reject: (error: unknown) => void
  }
  const queue: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    while (queue.length > 0) {
      const gathering = options.gather?.(queue.length)
      if (gathering) await gathering
      const group = queue.splice(0, maxGroup)
      try {
        const answers = await options.flush(group.map((waiting) => waiting.item))
        group.forEach((waiting, i) => {
          waiting.resolve(answers[i] === true)
        })
      } catch (error) {
        for (const waiting of group) waiting.reject(error)
      }
    }
    running = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject })
      if (!running) void run()
    })
}
