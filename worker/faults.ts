import { internal, KmsError, throttled } from '../src/model/errors'
import { describeFault, report } from './log'

/**
 * What a fault means for the caller: an overloaded object throttles, anything else is ours and goes to the log. A stub
 * that has failed stays broken; everybody makes a new one for the next call, and nobody retries a write.
 */
export function refusalOf(fault: unknown): KmsError {
  if (fault instanceof KmsError) return fault
  if ((fault as { readonly overloaded?: boolean } | undefined)?.overloaded) return throttled()
  report(describeFault(fault))
  return internal()
}
