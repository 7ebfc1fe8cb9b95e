import type { Env } from './env'

/**
 * A value made once per environment, of which an isolate has one: what comes from configuration can never be used with
 * another one. Keeps settled values only.
 */
export function perEnv<T extends object>(make: (env: Env) => T): (env: Env) => T {
  const made = new WeakMap<Env, T>()
  return (env) => {
    let value = made.get(env)
    if (!value) {
      value = make(env)
      made.set(env, value)
    }
    return value
  }
}
