import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import { authenticate, errorReply } from '../src/wire'
import { ConfigError, configOf, requireConfig } from './config'
import type { Env } from './env'
import { answerAws, asRefusal, doorway } from './kms-door'
import { answerManagement } from './management'
import { readiness } from './readiness'

export { Directory } from './directory'
export { KmsRpc } from './rpc'
export { Vault } from './vault'

const app = new Hono<{ Bindings: Env }>()

app.get('/healthz', (c) => c.text('ok\n'))

/** Without valid secrets every other path says what is missing. The text holds names of variables, never a value. */
app.use(async (c, next) => {
  const config = configOf(c.env)
  if (!(config instanceof ConfigError)) return next()
  return c.text(`subtle-kms is not configured.\n${config.problems.join('\n')}\n`, 503, { 'cache-control': 'no-store' })
})

app.get('/readyz', async (c) => {
  const { ready, text } = await readiness(c.env, requireConfig(c.env))
  return c.text(text, ready ? 200 : 503, { 'cache-control': 'no-store' })
})

const crossOrigin = cors({
  origin: (origin) => origin,
  allowMethods: ['POST', 'GET'],
  allowHeaders: [
    'authorization',
    'content-type',
    'x-amz-content-sha256',
    'x-amz-date',
    'x-amz-security-token',
    'x-amz-target',
    'x-amz-user-agent',
    'amz-sdk-invocation-id',
    'amz-sdk-request',
  ],
  exposeHeaders: ['x-amzn-requestid', 'x-amzn-errortype', 'date'],
  maxAge: 86_400,
})

/** Pages of the allowed origins may call with signatures; there is no cookie that could be sent along. */
app.use(async (c, next) => {
  const allowed = requireConfig(c.env).corsOrigins
  const origin = allowed.length ? c.req.header('origin') : undefined
  if (origin === undefined) return next()
  return allowed.includes('*') || allowed.includes(origin) ? crossOrigin(c, next) : next()
})

app.all('/api/*', async (c) => {
  const config = requireConfig(c.env)
  const call = await authenticate(c.req.raw, doorway(c.env))
  if (call instanceof Response) return call
  return answerManagement(`${c.req.method} ${c.req.path.slice('/api/'.length)}`, call, c.env, config)
})

/** Metrics are closed until a token for them is set. */
app.get('/metrics', (c) => c.notFound())

app.get('/', secureHeaders(), async (c) => {
  if (c.req.query('Action') !== undefined) return answerAws(c.req.raw, c.env, c.executionCtx)
  return c.text('subtle-kms: POST / speaks AWS KMS, STS and CloudTrail.\n')
})

app.all('*', (c) => answerAws(c.req.raw, c.env, c.executionCtx))

app.onError((fault) => errorReply(asRefusal(fault), crypto.randomUUID(), Date.now()))

export default app
