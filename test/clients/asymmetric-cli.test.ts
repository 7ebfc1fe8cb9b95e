import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { bytesOf, changed, digest, message, withShell } from './shell'

/** The AWS CLI, which we did not write, and OpenSSL as the other party. */
await withShell('AWS CLI and OpenSSL, asymmetric keys, strong', (shell) => {
  it('sign and verify, ECC_NIST_P256, a message and its digest', async () => {
    const { put, aws, openssl, newKey, publicKeyFile } = shell()
    const keyId = await newKey('--key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY')
    const spki = await publicKeyFile(keyId)
    const settings = `--key-id ${keyId} --signing-algorithm ECDSA_SHA_256`
    const raw = bytesOf((await aws(`sign ${settings} --message-type RAW`, { message })).Signature)
    const ofDigest = bytesOf((await aws(`sign ${settings} --message-type DIGEST`, { message: digest })).Signature)
    const [messageFile, digestFile] = [await put(message), await put(digest)]
    for (const signature of [raw, ofDigest]) {
      const signatureFile = await put(signature)
      const told = await openssl('dgst -sha256 -keyform DER -verify', spki, '-signature', signatureFile, messageFile)
      expect(told).toContain('Verified OK')
      const byDigest = ['-in', digestFile, '-sigfile', signatureFile]
      expect(await openssl('pkeyutl -verify -pubin -keyform DER -inkey', spki, ...byDigest)).toContain('Successfully')
    }
    // Each is verified as what the other one was signed as.
    for (const [type, content, signature] of [
      ['RAW', message, ofDigest],
      ['DIGEST', digest, raw],
    ] as const) {
      const answer = await aws(`verify ${settings} --message-type ${type}`, { message: content, signature })
      expect(answer).toMatchObject({ SignatureValid: true, SigningAlgorithm: 'ECDSA_SHA_256' })
    }
    await expect(aws(`verify ${settings}`, { message, signature: changed(raw) })).rejects.toThrow(
      '(KMSInvalidSignatureException) when calling the Verify operation',
    )
    await expect(aws(`verify ${settings}`, { message: changed(message), signature: raw })).rejects.toThrow(
      '(KMSInvalidSignatureException) when calling the Verify operation',
    )
  })

  it('encrypt and decrypt, RSA_2048, from the CLI and from OpenSSL', async () => {
    const { aws, newKey, publicKeyFile, oaep } = shell()
    const keyId = await newKey('--key-spec RSA_2048 --key-usage ENCRYPT_DECRYPT')
    const settings = `--key-id ${keyId} --encryption-algorithm RSAES_OAEP_SHA_256`
    const sealed = bytesOf((await aws(`encrypt ${settings}`, { plaintext: message })).CiphertextBlob)
    const byOpenssl = await oaep('-encrypt -pubin', await publicKeyFile(keyId), message)
    for (const ciphertext of [sealed, byOpenssl]) {
      expect(ciphertext).toHaveLength(256)
      const opened = await aws(`decrypt ${settings}`, { 'ciphertext-blob': ciphertext })
      expect(opened).toMatchObject({ Plaintext: message.toString('base64') })
    }
    await expect(aws(`decrypt ${settings}`, { 'ciphertext-blob': changed(sealed) })).rejects.toThrow(
      '(InvalidCiphertextException) when calling the Decrypt operation',
    )
  })

  it("derive-shared-secret equals OpenSSL's", async () => {
    const { pathOf, aws, openssl, newKey, publicKeyFile } = shell()
    const keyId = await newKey('--key-spec ECC_NIST_P384 --key-usage KEY_AGREEMENT')
    const [own, ownPublic, secret] = ['own.pem', 'own.der', 'secret'].map(pathOf) as [string, string, string]
    await openssl('genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out', own)
    await openssl('pkey -pubout -outform DER -in', own, '-out', ownPublic)
    const peer = ['-peerkey', await publicKeyFile(keyId), '-out', secret]
    await openssl('pkeyutl -derive -peerform DER -inkey', own, ...peer)
    const settings = `--key-id ${keyId} --key-agreement-algorithm ECDH`
    const { SharedSecret } = await aws(`derive-shared-secret ${settings}`, {
      'public-key': await readFile(ownPublic),
    })
    expect(bytesOf(SharedSecret)).toEqual(await readFile(secret))
  })

  it.each(['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519'])('generate-data-key-pair, %s', async (spec) => {
    const { pathOf, put, aws, openssl, newKey } = shell()
    const keyId = await newKey('--description pairs')
    const context = '--encryption-context purpose=pair'
    const made = await aws(`generate-data-key-pair --key-id ${keyId} --key-pair-spec ${spec} ${context}`)
    const own = await put(bytesOf(made.PrivateKeyPlaintext))
    const spki = pathOf('spki-of-pair')
    await openssl('pkey -inform DER -check -pubout -outform DER -in', own, '-out', spki)
    const verdict = Buffer.from('Key is valid\n') // of `-check`, before the key
    expect(await readFile(spki)).toEqual(Buffer.concat([verdict, bytesOf(made.PublicKey)]))
    const sealed = { 'ciphertext-blob': bytesOf(made.PrivateKeyCiphertextBlob) }
    expect(await aws(`decrypt ${context}`, sealed)).toMatchObject({ Plaintext: made.PrivateKeyPlaintext })
    const only = await aws(`generate-data-key-pair-without-plaintext --key-id ${keyId} --key-pair-spec ${spec}`)
    expect(Object.keys(only).sort()).toEqual(
      ['KeyId', 'KeyMaterialId', 'KeyPairSpec', 'PrivateKeyCiphertextBlob', 'PublicKey'].sort(),
    )
  })
})
