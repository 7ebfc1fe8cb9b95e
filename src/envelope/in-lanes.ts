/**
 * Works through `items`, an iterator, with 4 calls of AES in flight, which helps in Node: so many results are in memory
 * beside the whole. The lanes share it: an error in one closes a generator, so that the others take nothing more.
 */
export async function inLanes<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const lane = async () => {
    for (const item of items) await work(item)
  }
  await Promise.all(Array.from({ length: 4 }, lane))
}
