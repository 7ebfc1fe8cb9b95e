import { fromSend } from './from-send'
import type { DataKeyOutput, DecryptInput, EncryptInput, EnvelopeKmsClient, GenerateDataKeyInput } from './kms-client'

/** The three commands of `@aws-sdk/client-kms`; the module itself fits. */
export interface SdkCommands {
  readonly GenerateDataKeyCommand: new (input: GenerateDataKeyInput) => object
  readonly EncryptCommand: new (input: EncryptInput) => object
  readonly DecryptCommand: new (input: DecryptInput) => object
}

/**
 * A client out of the AWS SDK's: `fromSdk(new KMSClient(…), { GenerateDataKeyCommand, EncryptCommand, DecryptCommand })`.
 * The commands come from the caller, so that this module imports no SDK.
 */
export function fromSdk(client: { send(command: never): Promise<unknown> }, commands: SdkCommands): EnvelopeKmsClient {
  const { send } = client as { send(command: object): Promise<DataKeyOutput> }
  return fromSend((operation, input) => {
    // The operation and its input belong together: fromSend pairs them.
    const Command = commands[`${operation}Command`] as new (input: object) => object
    return send.call(client, new Command(input))
  })
}
