import type { Directory } from './directory'
import type { Vault } from './vault'

/** Bindings, secrets and variables of the Worker (wrangler.toml says what each is for). */
export interface Env {
  readonly VAULT: DurableObjectNamespace<Vault>
  readonly DIRECTORY: DurableObjectNamespace<Directory>
  /** Oldest audit segments go here before they are dropped. */
  readonly AUDIT?: R2Bucket
  readonly KMS_ROOT_KEYS?: string
  readonly KMS_ACCOUNTS?: string
  readonly KMS_SOFTWARE_CRYPTO?: string
  readonly KMS_LEASE_SECONDS?: string
  readonly KMS_AUDIT?: string
  readonly KMS_AUDIT_DAYS?: string
  readonly KMS_AUDIT_BYTES?: string
  readonly KMS_REGIONS?: string
  readonly KMS_QUOTAS?: string
  readonly KMS_CORS_ORIGINS?: string
  readonly KMS_BASE_PATH?: string
  readonly KMS_CLOCK_CONTROL?: string
  readonly KMS_ORGANIZATION?: string
}
