import { createHash, createHmac } from 'node:crypto'

/** SigV4 as an SDK signs a KMS call (AWS General Reference, signature version 4); independent of what is measured. */
export function signedKmsCall({ operation, input, credentials, region, hostname }) {
  const body = JSON.stringify(input)
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const headers = {
    'amz-sdk-invocation-id': 'b3f1b2f6-3b39-4f0e-8a70-5c5b0b5a1c11',
    'amz-sdk-request': 'attempt=1; max=3',
    'content-type': 'application/x-amz-json-1.1',
    host: hostname,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': date,
    'x-amz-target': `TrentService.${operation}`,
    'x-amz-user-agent': 'aws-sdk-js/3.1164.0',
  }
  const signedHeaders = Object.keys(headers).sort().join(';')
  const canonicalHeaders = Object.keys(headers)
    .sort()
    .map((name) => `${name}:${headers[name]}\n`)
    .join('')
  const canonical = ['POST', '/', '', canonicalHeaders, signedHeaders, sha256(body)].join('\n')
  const scope = `${date.slice(0, 8)}/${region}/kms/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = scope.split('/').reduce((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, toSign).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
  return { headers: { ...headers, 'user-agent': 'aws-sdk-js/3.1164.0', authorization }, body }
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex')
const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
