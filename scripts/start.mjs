import { existsSync, readdirSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { devVarsPath, exportLines, newSecrets, readDevVars, writeDevVars } from './dev-vars.mjs'
import { defaultState, PortInUseError, StateInUseError, serve, stopOnSignals } from './serve.mjs'

const usage = `npm start -- [--port N] [--persist-to DIR] [--dev-vars FILE]
  --port N          port on 127.0.0.1 (8787; 0: any free one)
  --persist-to DIR  folder of the state (.wrangler/state)
  --dev-vars FILE   file of the secrets, made when there is none (.dev.vars)
npm run -s credentials -- [--port N] [--dev-vars FILE]
  prints the export lines alone: eval "$(npm run -s credentials)"`

/** Something that the user can put right; told without a stack trace. */
class StartError extends Error {}

async function main({ port, persistTo, devVars, credentialsOnly }) {
  const { configPath, settings } = await build({ say: credentialsOnly ? undefined : console.log })
  const firstStart = !existsSync(devVars)
  if (firstStart) {
    if (credentialsOnly) throw new StartError(`There is no ${shown(devVars)} yet: npm start makes it.`)
    requireNoState(persistTo, devVars)
    await writeDevVars(newSecrets(), devVars)
  }
  const vars = await readDevVars(devVars)
  const { readConfig } = await import(pathToFileURL(configPath).href)
  const config = requireConfig(readConfig, { ...settings.vars, ...vars }, devVars)
  if (credentialsOnly) {
    console.log(exportLines(config, `http://127.0.0.1:${port}`).join('\n'))
    return
  }

  const server = await serve({ port, persistTo, vars })
  const stop = stopOnSignals(server)
  if (process.env.npm_lifecycle_event === 'start') stopWithoutParent(stop)
  tell({ config, url: server.url, persistTo, devVars, firstStart })
}

function readArguments() {
  const options = {
    port: { type: 'string', default: '8787' },
    'persist-to': { type: 'string', default: defaultState },
    'dev-vars': { type: 'string', default: devVarsPath },
    'credentials-only': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  }
  let values
  try {
    values = parseArgs({ options }).values
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
  if (values.help) {
    console.log(usage)
    process.exit()
  }
  const port = /^[0-9]{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN
  if (!(port <= 65_535)) {
    console.error(`--port takes a whole number from 0 to 65535.\n\n${usage}`)
    process.exit(2)
  }
  return {
    port,
    persistTo: resolve(values['persist-to']),
    devVars: resolve(values['dev-vars']),
    credentialsOnly: values['credentials-only'],
  }
}

/** New root keys beside old state would only lock the user out in a less obvious way. */
function requireNoState(persistTo, devVars) {
  const objects = join(persistTo, 'v3/do')
  const files = existsSync(objects) ? readdirSync(objects, { recursive: true }) : []
  if (!files.some((file) => file.endsWith('.sqlite') && basename(file) !== 'metadata.sqlite')) return
  throw new StartError(
    `There are keys under ${shown(persistTo)}, but no ${shown(devVars)} with the KMS_ROOT_KEYS that open them.
Put the old file back, or delete ${shown(persistTo)} to begin anew.`,
  )
}

/** By the Worker's own rule, so that what starts is what answers. */
function requireConfig(readConfig, vars, devVars) {
  try {
    return readConfig(vars)
  } catch (error) {
    if (error.name !== 'ConfigError') throw error
    const problems = error.problems.map((problem) => `  ${problem}`).join('\n')
    throw new StartError(
      `subtle-kms cannot start with this ${shown(devVars)}:\n${problems}
Correct it; or, if no key made so far is worth keeping, delete it and the state, and run npm start again.`,
    )
  }
}

/** An npm that is killed outright passes nothing on; without it nobody would know that this still runs. */
function stopWithoutParent(stop) {
  const npm = process.ppid
  setInterval(() => process.ppid === npm || stop(), 500).unref()
}

/** What a newcomer needs next. */
function tell({ config, url, persistTo, devVars, firstStart }) {
  // Output that goes to a file may be kept or sent on: there the secret is shown once, when it is made.
  const secret = firstStart || process.stdout.isTTY === true
  const made = firstStart ? ', made just now: keep a copy, for whoever loses a root key loses all keys' : ''
  const print = `npm run -s credentials --${optionsFor(url, devVars)}`
  const evaluate = `eval "$(${print})"`
  console.log(`subtle-kms serves on ${url}
State is in ${shown(persistTo)}, secrets are in ${shown(devVars)}${made}.

For the AWS CLI and every AWS SDK, in another terminal:

${indent(exportLines(config, url, { secret }))}
${secret ? `  # or: ${evaluate}` : `  ${evaluate}    # all of this with the secret`}

Then try:

  KEY=$(aws kms create-key --query KeyMetadata.KeyId --output text)
  aws kms encrypt --key-id "$KEY" --plaintext fileb://package.json --query CiphertextBlob --output text | base64 -d > /tmp/sealed
  aws kms decrypt --ciphertext-blob fileb:///tmp/sealed --query Plaintext --output text | base64 -d

Ctrl-C stops it.`)
}

const optionsFor = (url, devVars) =>
  ` --port ${new URL(url).port || 80}${devVars === devVarsPath ? '' : ` --dev-vars ${shown(devVars)}`}`

const indent = (lines) => lines.map((line) => `  ${line}`).join('\n')

/** As short as it can be said from here. */
function shown(path) {
  const short = relative(process.cwd(), path)
  return short && !short.startsWith('..') ? short : path
}

try {
  await main(readArguments())
} catch (error) {
  if (![StartError, PortInUseError, StateInUseError].some((kind) => error instanceof kind)) throw error
  console.error(error.message)
  process.exitCode = 1
}
