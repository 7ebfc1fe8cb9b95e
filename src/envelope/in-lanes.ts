/**
 * Works through `items`, an iterator, with 8 calls of AES in flight, which is what helps in Node.
 * The lanes share it: an error in one closes a generator, so that the others take nothing more.
 */
export async function inLanes<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const lane = async () => {
    for (const item of items) await work(item)
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}
