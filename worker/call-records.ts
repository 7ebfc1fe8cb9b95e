import type { SqlStorage } from '../src/adapters/durable-object/storage'
import { auditAppend } from '../src/audit'
import { QueryError } from '../src/identity/query-error'
import type { QueryInput } from '../src/identity/query-types'
import type { OutboxRecord } from '../src/keys/grant-records'
import type { Principal } from '../src/policy/principal'
import { deliverOutbox } from '../src/service/outbox'
import type { QueryReply, QueryRequest } from '../src/wire/query'
import { readParameters } from '../src/wire/query-input'
import { queryRecord } from '../src/wire/query-record'
import type { Config } from './config'
import type { Env } from './env'
import { vaultStub } from './stubs'

/** What its record says of a call. */
export type RecordedCall = Pick<QueryRequest, 'service' | 'target' | 'requestId'> & {
  readonly principal: Principal | undefined
  readonly region: string
  readonly sourceIp?: string | undefined
  readonly userAgent?: string | undefined
}

/** A record under way: `row` goes into the outbox under `id`. */
export interface PendingRecord {
  readonly id: string
  row(error?: QueryReply['error']): OutboxRecord
}

const clock = { wallMs: () => Date.now(), serviceMs: () => Date.now() }

/**
 * Records of IAM and STS, on their way from a Directory to the log of its account: of IAM in us-east-1, as with AWS, of
 * STS in the Region of the call; where that Region is not served, in the one that is.
 */
export class CallRecords {
  private isAlarmDue = false

  constructor(
    private readonly ctx: DurableObjectState,
    private readonly env: Env,
    private readonly config: Config,
    private readonly accountId: string,
    private readonly storage: SqlStorage,
  ) {}

  of(call: RecordedCall, input: QueryInput): PendingRecord {
    const wanted = call.service === 'iam' ? 'us-east-1' : call.region
    const to = { accountId: this.accountId, region: this.config.isRegion(wanted) ? wanted : call.region }
    const eventId = crypto.randomUUID()
    return {
      id: eventId,
      row(error) {
        const outcome = { ...call, action: call.target, input, eventId, nowMs: Date.now(), error }
        const message = auditAppend(queryRecord(outcome))
        if (message.kind !== 'audit') throw new TypeError('an audit entry became another append')
        return { to, dueAtMs: Date.now(), message }
      },
    }
  }

  async write(row: OutboxRecord): Promise<void> {
    const change = { collection: 'outbox', id: crypto.randomUUID(), version: 0, value: row } as const
    await this.storage.commit({ reads: [], changes: [change], appends: [] })
  }

  /** Makes the object's alarm come at once, unless it already is about to. */
  async deliverSoon(): Promise<void> {
    if (this.isAlarmDue) return
    this.isAlarmDue = true
    await this.ctx.storage.setAlarm(Date.now())
  }

  /** One turn of delivery, by the alarm. True when more is waiting. */
  deliver(): Promise<boolean> {
    this.isAlarmDue = false
    return deliverOutbox({ storage: this.storage, clock }, (to, id, message) =>
      vaultStub(this.env, to).take(to, id, message),
    )
  }
}

/** Parameters that cannot be read are refused as such; the record then shows none. */
export function inputOf({ parameters }: Pick<QueryRequest, 'parameters'>): QueryInput {
  try {
    return readParameters(parameters)
  } catch (error) {
    if (error instanceof QueryError) return {}
    throw error
  }
}
