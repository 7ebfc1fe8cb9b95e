export { describeFault } from '../src/service/fault'

/** One line per unexpected fault. What comes here holds names and places, never a request's content. */
export const report = (fault: string): void => console.error(JSON.stringify({ level: 'error', fault }))
