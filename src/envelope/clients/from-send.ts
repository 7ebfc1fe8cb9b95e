import type { DataKeyOutput, DecryptInput, EncryptInput, EnvelopeKmsClient, GenerateDataKeyInput } from './kms-client'

export type EnvelopeOperation = 'GenerateDataKey' | 'Encrypt' | 'Decrypt'

/** A client out of one function that carries operation name and input to a KMS and answers the output. */
export const fromSend = (
  send: (
    operation: EnvelopeOperation,
    input: GenerateDataKeyInput | EncryptInput | DecryptInput,
  ) => Promise<DataKeyOutput>,
): EnvelopeKmsClient => ({
  generateDataKey: (input) => send('GenerateDataKey', input),
  encrypt: (input) => send('Encrypt', input),
  decrypt: (input) => send('Decrypt', input),
})
