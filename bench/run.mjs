import { cpus } from 'node:os'
import * as authorization from './authorization.mjs'
import * as crypto from './crypto.mjs'
import * as envelope from './envelope.mjs'
import * as http from './http.mjs'
import * as manyKeys from './many-keys.mjs'
import * as start from './start.mjs'

/** `npm run bench [-- http authorization crypto many-keys envelope start]`: each question is a file of its own; figures are ratios within one run. */
const questions = { http, authorization, crypto, 'many-keys': manyKeys, envelope, start }
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in questions))
if (unknown.length) {
  console.error(`No such question: ${unknown.join(', ')}. There are: ${Object.keys(questions).join(', ')}`)
  process.exit(2)
}
console.log(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}`)
for (const name of asked.length ? asked : Object.keys(questions)) {
  console.log(`\n## ${name}`)
  if (questions[name].header) {
    console.log(questions[name].header)
    console.log(questions[name].header.replace(/[^|]+/g, ' --- '))
  }
  await questions[name].run()
}
