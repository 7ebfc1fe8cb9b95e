import type { EnvelopeErrorCode, KeyringReason } from './errors'

/**
 * Of every code what happened, what usually causes it, and what to do. In a module of its own: errors themselves say
 * a code and a detail, so that who needs no sentences does not load them.
 */
export const explanations: Readonly<Record<EnvelopeErrorCode, string>> = {
  invalidOption:
    'An option cannot be followed; the detail names it. It is missing, out of its range, or does not go with the others: correct it where the function or keyring is called.',
  invalidContext:
    'The encryption context cannot be written, or is not the one that the message was made with; the detail names the pair, or says what is wrong. Values must be well-formed text and keys must not begin with "aws-crypto-"; a reader must require the pairs that the writer gave.',
  suiteAgainstPolicy:
    'The commitment policy does not let this algorithm suite through; unless another is chosen, it takes suites with key commitment alone. Write without naming a suite; for old messages read with a policy that allows to decrypt them.',
  signaturesOptionNeeded:
    'The suite is a signed one, as the official clients use by default, and signatures are a module of their own here. Pass the option `signatures: ecdsa`.',
  tooManyDataKeys:
    'The message has more encrypted data keys than `maxEncryptedDataKeys` allows; the detail is their number. Each can cost a call of KMS: raise the limit if the writer is known to use so many keys, else do not trust the message.',
  tooLarge:
    'Something is longer than the format or an option allows; the detail names it. Raise `maxBodyBytes`, `maxHeldBytes` or `plaintextBytes` if so much is expected; else write less at once, or do not trust the message.',
  unsupportedByRuntime:
    'This runtime does not have the algorithm that the detail names; Chromium, for one, has no AES-192. Read the message in another runtime, such as Node, and write with a suite of 256 bits.',
  keyringFailed:
    'The keyring gave no usable data key; the detail KMS says that an answer of KMS was not of the form that it should have. Usually KMS refused or was not reached: check the key id, the state of the key, the network, and the permissions kms:GenerateDataKey and, for further keys, kms:Encrypt.',
  noDataKeyOpened:
    'No encrypted data key of the message could be opened. Either it was written under other keys than the keyring has, and a KMS keyring reads by key ARN alone, or KMS refused: compare the keys, and check kms:Decrypt with this encryption context.',
  malformedMessage:
    'This is no message of the AWS Encryption SDK, or a damaged one; a number as detail is how many bytes of the header were read. Check that these are the bytes that were written, not text made of them or another file.',
  messageIsBase64:
    'This begins as the base64 text of a message does, not as its bytes: so it comes out of JSON or a text column. Decode it first.',
  unknownSuite:
    'The message names an algorithm suite that its version does not have; the detail is its number. It is damaged or made by a newer program: compare it with what was written, or write it with a suite that is known here.',
  messageTruncated:
    'The message ends too early. Usually an upload or download was cut off: fetch it again, and undo what was done with the frames that a stream has given.',
  trailingBytes:
    'There are bytes after the end of the message. Usually messages were joined, or something such as a line break was appended: hand in each message alone.',
  commitmentMismatch:
    'The data key that was opened is not the one that the message commits to. The message was changed or made to deceive, or a keyring of your own gives another key than it wrapped: do not use the message.',
  headerNotAuthentic:
    'The tag of the header does not hold. The reader gave other pairs than the writer, where they are not stored in the message, or the message was damaged or changed: check `requiredContext`, then fetch the message again.',
  frameNotAuthentic:
    'The tag of a frame does not hold; the detail is its number. The message was damaged or changed: fetch it again, and undo what was done with the frames that a stream has given.',
  signatureNotAuthentic:
    'The signature over the message does not hold. The message was changed, perhaps by somebody who can read it: do not use it, and get it from its writer again.',
}

/** With the error itself; what is more is left out. */
const maxLines = 32
/** Of a detail, a key and an error's text. A message chooses the names of its keys, up to 65,535 bytes each. */
const maxTextLength = 300

interface Explainable {
  readonly code: EnvelopeErrorCode
  readonly message?: unknown
  readonly reasons?: readonly (Partial<KeyringReason> | undefined)[]
}

/**
 * An EnvelopeError in plain sentences, for a log or a developer: code, detail and explanation in one line, then every
 * reason in a line of its own, those of a reason indented further. At most 33 lines. Each code is explained once.
 * Undefined for any other error.
 *
 * It says nothing that the errors do not say: no plaintext, keys or credentials; but the names of keys, and what the
 * KMS client threw. An EnvelopeError is known by its name and code, so that it may be of another copy of this library.
 */
export function explainError(error: unknown): string | undefined {
  if (!isExplainable(error)) return undefined
  const lines: string[] = []
  const explained = new Set<EnvelopeErrorCode>()
  const add = (key: string, thrown: unknown, indent: string): void => {
    if (lines.length > maxLines) return
    if (lines.length === maxLines) {
      lines.push('  … further reasons are left out')
      return
    }
    if (!isExplainable(thrown)) {
      lines.push(`${indent}${key}${textOf(thrown)}`)
      return
    }
    const { code, reasons } = thrown
    const detail = detailOf(thrown)
    const words = explained.has(code) ? '' : `: ${explanations[code]}`
    explained.add(code)
    lines.push(`${indent}${key}${code}${detail && ` (${detail})`}${words}`)
    if (!reasons || !Array.isArray(reasons)) return
    for (const reason of reasons) {
      if (lines.length > maxLines) return
      add(`${shown(reason?.key)}: `, reason?.error, `${indent}  `)
    }
  }
  add('', error, '')
  return lines.join('\n')
}

function isExplainable(error: unknown): error is Explainable {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown }
  return name === 'EnvelopeError' && typeof code === 'string' && Object.hasOwn(explanations, code)
}

/** What stands behind the code in an error's text; its reasons follow in further lines. */
function detailOf({ code, message }: Explainable): string {
  const [first = ''] = typeof message === 'string' ? message.split('\n') : []
  return first.startsWith(`${code} `) ? shown(first.slice(code.length + 1)) : ''
}

/**
 * What was thrown by others, its first line alone: in the further ones AWS repeats a request whose signature it refused,
 * session token included.
 */
function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return shown(String(thrown))
  const { name, message } = thrown as { readonly name?: unknown; readonly message?: unknown }
  const parts = [name, message].filter((part) => typeof part === 'string' && part !== '') as string[]
  return parts.map((part) => shown(part.trimStart().split('\n')[0])).join(': ') || 'something without a text'
}

/** In one line, without what would move a terminal's cursor or turn its writing round. */
function shown(text: unknown): string {
  if (typeof text !== 'string') return ''
  const cut = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text
  return cut.replace(/[\p{C}\s]+/gu, ' ').trim()
}
