/**
 * Name and place of anything thrown, for the log. Its message may quote a request, so it is left out, whatever lines it
 * has; a stack that does not show where the message ends is left out too.
 */
export function describeFault(fault: unknown): string {
  if (!(fault instanceof Error)) return 'an unexpected value was thrown'
  const { name, message, stack = '' } = fault
  const begin = stack.indexOf(message)
  const places =
    begin < 0
      ? []
      : stack
          .slice(begin + message.length)
          .split('\n')
          .filter(isPlace)
  return [name, ...places].join('\n')
}

const isPlace = (line: string) => /^\s+at /.test(line)
