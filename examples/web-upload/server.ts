/**
 * The server's side of a sealed upload, for any server: who has signed in gets credentials for one file of their own. The
 * KMS must allow the page's origin (`KMS_CORS_ORIGINS`), and the role be one that this server may assume.
 */
import { type ScopedCredentials, scopedCredentials } from '../../src/client'

export interface Settings {
  readonly endpoint: string
  readonly region: string
  /** Of this server; they never leave it. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly roleArn: string
  readonly keyArn: string
}

/** What the page gets. */
export interface Grant {
  readonly endpoint: string
  readonly region: string
  readonly keyArn: string
  readonly context: Readonly<Record<string, string>>
  readonly credentials: Omit<ScopedCredentials, 'expiration'>
}

/** `user`: who has signed in, as this server knows it; never what the page says. */
export async function grantUpload(settings: Settings, user: string, fileName: string): Promise<Grant> {
  const { endpoint, region, credentials: own, roleArn, keyArn } = settings
  const context = { user, file: fileName }
  const { expiration: _, ...credentials } = await scopedCredentials({
    sts: { endpoint, region, credentials: own },
    roleArn,
    keyArn,
    operations: ['GenerateDataKey'],
    encryptionContext: context,
    sessionName: user,
  })
  return { endpoint, region, keyArn, context, credentials }
}
