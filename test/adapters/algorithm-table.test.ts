import { constants, KeyObject, privateDecrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RsaPrivateOperation } from '../../src/adapters/webcrypto'
import { signingAlgorithms } from '../../src/model/algorithms'
import type { SigningAlgorithmSpec } from '../../src/model/generated/types'
import { keySpecs } from '../../src/model/key-specs'
import { algorithmRows, renderAlgorithms } from '../suites/algorithm-rows'
import { algorithmTableSuite } from '../suites/algorithm-table'
import { newRoot, rootCrypto } from '../suites/root-crypto'

const rsaPrivate: RsaPrivateOperation = async (key, block) =>
  new Uint8Array(privateDecrypt({ key: KeyObject.from(key), padding: constants.RSA_NO_PADDING }, block))

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** The first Node with ML-DSA and ML-KEM; the table speaks of no older one. */
const hasModern = major > 24 || (major === 24 && minor >= 7)

describe.runIf(hasModern)('Node', () => {
  algorithmTableSuite('Node', (software) => rootCrypto(newRoot('a'), { software, rsaPrivate }), { watched: true })
})

describe('the table', () => {
  const messageTypes = (algorithm: SigningAlgorithmSpec) => signingAlgorithms[algorithm].messageTypes

  it('has one row for each algorithm and message type of each key spec', () => {
    const asked = algorithmRows.flatMap(({ keySpecs: specs, keyUsage, algorithm, messageType }) =>
      specs.map((keySpec) => `${keySpec} ${keyUsage} ${algorithm} ${messageType ?? ''}`),
    )
    const known = Object.values(keySpecs).flatMap((row) => [
      ...row.encryptionAlgorithms.map((algorithm) => `${row.keySpec} ENCRYPT_DECRYPT ${algorithm} `),
      ...row.signingAlgorithms.flatMap((algorithm) =>
        messageTypes(algorithm).map((type) => `${row.keySpec} SIGN_VERIFY ${algorithm} ${type}`),
      ),
      ...row.macAlgorithms.map((algorithm) => `${row.keySpec} GENERATE_VERIFY_MAC ${algorithm} `),
      ...row.keyAgreementAlgorithms.map((algorithm) => `${row.keySpec} KEY_AGREEMENT ${algorithm} `),
      ...row.encapsulationAlgorithms.map((algorithm) => `${row.keySpec} ENCAPSULATE_DECAPSULATE ${algorithm} `),
    ])
    expect(asked.sort()).toEqual(known.sort())
  })

  // `vitest run -u` with this file writes the page.
  it('is docs/algorithms.md', async () => {
    await expect(renderAlgorithms()).toMatchFileSnapshot('../../docs/algorithms.md')
  })
})
