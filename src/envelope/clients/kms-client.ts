/**
 * What the KMS keyrings need of a client: three methods with the inputs and outputs of the AWS API. The in-process
 * client of this package is one; fromSdk and fromSend make one.
 */
export interface EnvelopeKmsClient {
  generateDataKey(input: GenerateDataKeyInput): Promise<DataKeyOutput>
  encrypt(input: EncryptInput): Promise<DataKeyOutput>
  decrypt(input: DecryptInput): Promise<DataKeyOutput>
}

interface CallInput {
  readonly KeyId: string
  readonly EncryptionContext: Readonly<Record<string, string>>
  readonly GrantTokens?: string[] | undefined
}

export interface GenerateDataKeyInput extends CallInput {
  readonly NumberOfBytes: number
}

export interface EncryptInput extends CallInput {
  readonly Plaintext: Bytes
}

export interface DecryptInput extends CallInput {
  readonly CiphertextBlob: Bytes
}

/** The members of the three outputs that are looked at. */
export interface DataKeyOutput {
  /** The key's ARN. */
  readonly KeyId?: string | undefined
  readonly Plaintext?: Uint8Array | undefined
  readonly CiphertextBlob?: Uint8Array | undefined
}
