import * as node from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect, it } from 'vitest'
import { type Answer, bytesOf, changed, message, withShell } from './shell'

/** A private key of whom everybody knows the address: the example of web3.js, `eth.accounts`. */
const ethereum = {
  privateKey: '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318',
  address: '2c7536e3605d9c16a7a3d7b1898e529396a65c23',
}

/** The last 20 bytes of Keccak-256 over the point's two coordinates. Source: Ethereum Yellow Paper, appendix F. */
const addressOf = (point: Uint8Array) => Buffer.from(keccak_256(point.subarray(1)).subarray(12)).toString('hex')

/** Whom a DER signature over a digest may come from: a chain stores the bit that tells which. */
const signersOf = (der: Uint8Array, signed: Uint8Array) =>
  [0, 1].map((bit) => {
    const signature = secp256k1.Signature.fromBytes(Uint8Array.from(der), 'der').addRecoveryBit(bit)
    return addressOf(signature.recoverPublicKey(Uint8Array.from(signed)).toBytes(false))
  })

/** That key as PKCS#8, DER. */
function ethereumPkcs8(): Uint8Array {
  const ecdh = node.createECDH('secp256k1')
  ecdh.setPrivateKey(ethereum.privateKey, 'hex')
  const sec1 = `30740201010420${ethereum.privateKey}a00706052b8104000aa144034200${ecdh.getPublicKey('hex')}`
  const key = node.createPrivateKey({ key: Buffer.from(sec1, 'hex'), format: 'der', type: 'sec1' })
  return key.export({ format: 'der', type: 'pkcs8' })
}

/** Material that OpenSSL wrapped and the AWS CLI brought. */
await withShell('AWS CLI and OpenSSL, imported keys, strong', (shell) => {
  it("generate-mac and verify-mac, HMAC_256 with a user's own material, equal to OpenSSL's", async () => {
    const { put, aws, openssl, newKey, bring } = shell()
    const keyId = await newKey('--key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC --origin EXTERNAL')
    const material = node.randomBytes(32)
    await bring(keyId, material)
    const settings = `--key-id ${keyId} --mac-algorithm HMAC_SHA_256`
    const mac = bytesOf((await aws(`generate-mac ${settings}`, { message })).Mac)
    const known = await openssl(
      `mac -digest SHA256 -macopt hexkey:${material.toString('hex')} -in`,
      await put(message),
      'HMAC',
    )
    expect(mac.toString('hex')).toBe(known.trim().toLowerCase())
    expect(await aws(`verify-mac ${settings}`, { message, mac })).toMatchObject({ MacValid: true })
    await expect(aws(`verify-mac ${settings}`, { message, mac: changed(mac) })).rejects.toThrow(
      '(KMSInvalidMacException) when calling the VerifyMac operation',
    )
  })

  it('sign, ECC_SECG_P256K1, gives the address of a known Ethereum key', async () => {
    const { aws, newKey, publicKeyFile, bring } = shell()
    const keyId = await newKey('--key-spec ECC_SECG_P256K1 --key-usage SIGN_VERIFY --origin EXTERNAL')
    await bring(keyId, ethereumPkcs8())
    const spki = await readFile(await publicKeyFile(keyId))
    expect(addressOf(spki.subarray(-65))).toBe(ethereum.address)
    const signed = keccak_256(Uint8Array.from(message))
    const settings = `--key-id ${keyId} --signing-algorithm ECDSA_SHA_256 --message-type DIGEST`
    const { Signature } = await aws(`sign ${settings}`, { message: signed })
    expect(signersOf(bytesOf(Signature), signed)).toContain(ethereum.address)
  })

  it('import-key-material and delete-imported-key-material', async () => {
    const { aws, newKey, bring } = shell()
    const keyId = await newKey('--origin EXTERNAL')
    const state = async () =>
      ((await aws(`describe-key --key-id ${keyId}`)) as unknown as { KeyMetadata: Answer }).KeyMetadata.KeyState
    const refusal = /\(KMSInvalidStateException\) when calling the (Encrypt|Decrypt) operation: .* is pending import\./
    const encrypt = () => aws(`encrypt --key-id ${keyId}`, { plaintext: message })
    expect(await state()).toBe('PendingImport')
    await expect(encrypt()).rejects.toThrow(refusal)
    const material = node.randomBytes(32)
    const { KeyMaterialId } = await bring(keyId, material)
    expect(KeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
    expect(await state()).toBe('Enabled')
    const sealed = { 'ciphertext-blob': bytesOf((await encrypt()).CiphertextBlob) }
    const decrypt = () => aws('decrypt', sealed)
    expect(await decrypt()).toMatchObject({ Plaintext: message.toString('base64') })

    await aws(`delete-imported-key-material --key-id ${keyId}`)
    expect(await state()).toBe('PendingImport')
    await expect(encrypt()).rejects.toThrow(refusal)
    await expect(decrypt()).rejects.toThrow(refusal)
    await expect(bring(keyId, node.randomBytes(32))).rejects.toThrow('(IncorrectKeyMaterialException)')
    expect(await bring(keyId, material)).toMatchObject({ KeyMaterialId })
    expect(await decrypt()).toMatchObject({ Plaintext: message.toString('base64') })
  })
})
