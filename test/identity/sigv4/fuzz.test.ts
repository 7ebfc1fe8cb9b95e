import fc from 'fast-check'
import { expect, it } from 'vitest'
import { verifySignature } from '../../../src/identity/sigv4'
import { KmsError } from '../../../src/model/errors'
import { asSigned, context } from './helpers'

/** A real platform: names that no header can have throw. */
const throwing = (request: ReturnType<typeof asSigned>) => ({
  ...request,
  header: (name: string) => {
    new Headers().get(name)
    return request.header(name)
  },
})
const piece = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'AWS4-HMAC-SHA256 ',
    'Credential=',
    'SignedHeaders=',
    'Signature=',
    'host',
    ';',
    ',',
    '=',
    '/',
    '%',
    '&',
  ),
  fc.constantFrom('AKIDEXAMPLE/20261124/us-east-1/kms/aws4_request', 'X-Amz-Algorithm=AWS4-HMAC-SHA256', 'x-amz-date'),
  fc.constantFrom('X-Amz-Credential=', 'X-Amz-Signature=', 'X-Amz-SignedHeaders=host', 'X-Amz-Date=20261124T090000Z'),
)
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

it('anything at all is refused with a KmsError', async () => {
  await fc.assert(
    fc.asyncProperty(text, text, fc.option(text), fc.option(text), async (authorization, query, date, token) => {
      const headers = {
        ...(authorization.length % 3 && { authorization }),
        ...(date !== null && { 'x-amz-date': date }),
        ...(token !== null && { 'x-amz-security-token': token }),
      }
      const request = asSigned({ method: 'POST', url: `https://h/?${query}`, headers, body: query })
      await expect(verifySignature(throwing(request), context())).rejects.toBeInstanceOf(KmsError)
    }),
    { numRuns: 2000 },
  )
})
