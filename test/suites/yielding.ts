import type { CryptoPort, SymmetricHandle } from '../../src/ports/crypto'

/**
 * The same port, yielding a timer turn before and after every call. workerd's crypto never yields, so without this
 * nothing interleaves between a read and its commit.
 */
export function yielding<P extends CryptoPort>(port: P): P {
  const slow = { ...port }
  for (const name of Object.keys(port) as (keyof P)[]) {
    const member = port[name]
    if (typeof member !== 'function' || name === 'supports' || name === 'random') continue
    slow[name] = between(member.bind(port) as AsyncFunction) as P[keyof P]
  }
  const { openMaterial } = slow
  slow.openMaterial = async (...given) => yieldingHandle(await openMaterial(...given))
  return slow
}

const yieldingHandle = (handle: SymmetricHandle): SymmetricHandle => ({
  seal: between(handle.seal.bind(handle)),
  open: between(handle.open.bind(handle)),
})

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
