import type { CryptoPort, KeyHandle } from '../../src/ports/crypto'

const synchronous = new Set(['supports', 'supportsKeyPair', 'random'])

/**
 * The same port, yielding a timer turn before and after every call. workerd's crypto never yields, so without this
 * nothing interleaves between a read and its commit.
 */
export function yielding<P extends CryptoPort>(port: P): P {
  const slow = { ...port }
  for (const name of Object.keys(port) as (keyof P)[]) {
    const member = port[name]
    if (typeof member !== 'function' || synchronous.has(name as string)) continue
    slow[name] = between(member.bind(port) as AsyncFunction) as P[keyof P]
  }
  const { openMaterial } = slow
  slow.openMaterial = async (...given) => yieldingHandle(await openMaterial(...given))
  return slow
}

function yieldingHandle<H extends KeyHandle>(handle: H): H {
  const slow = { ...handle }
  for (const name of Object.keys(handle) as (keyof H)[]) {
    const member = handle[name]
    if (typeof member === 'function') slow[name] = between(member.bind(handle) as AsyncFunction) as H[keyof H]
  }
  return slow
}

type AsyncFunction<A extends unknown[] = never[], R = unknown> = (...given: A) => Promise<R>

function between<A extends unknown[], R>(call: AsyncFunction<A, R>): AsyncFunction<A, R> {
  return async (...given) => {
    await turn()
    const result = await call(...given)
    await turn()
    return result
  }
}

const turn = () => new Promise<void>((done) => setTimeout(done, 0))
