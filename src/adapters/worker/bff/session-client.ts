import { createClient, type LoginClient } from '../../../core/client.ts'
import { parseTokens } from '../../../core/ims/tokens.ts'
import { lockLike } from '../../../core/memory.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { lockWithWaitUntil } from '../isolate/lock-wait-until.ts'
import { loginCookies } from './cookies-login.ts'
import type { SessionIdentity } from './session-content.ts'
import { guardedFlow, guardedLock, type RenewalRules, readOnlyError, redeemedOnce } from './session-renewal.ts'
import type { SessionRequest, SessionsSetup } from './session-setup.ts'
import { type SessionTokens, sessionTokens } from './session-tokens.ts'

/** A session's client, its tokens, and the work that the response has to wait for. */
export interface SessionClient {
  readonly client: LoginClient
  readonly tokens: SessionTokens
  /** The pending logins of this browser. */
  readonly pending: Store
  /** Renewals whose tokens go into the cookie of this response. */
  readonly background: Promise<unknown>[]
  readonly access: Access
}

/** Whether a session can still set cookies. */
interface Access {
  closed: boolean
}

/** A client for the tokens of one session, for one request. */
export function sessionClient(
  setup: SessionsSetup,
  { cookies, context }: SessionRequest,
  { id, startedAt, stored }: SessionIdentity & { readonly stored?: Json | undefined },
): SessionClient {
  const { clock, encryption, store, recent } = setup
  const until = startedAt + setup.maxAge
  const tokens = sessionTokens({ store, stored, recent, clock, until })
  const pending = loginCookies({ cookies, encryption, clock, finished: store ?? recent })
  const background: Promise<unknown>[] = []
  const access: Access = { closed: isReadOnly(context) }
  const rules: RenewalRules = {
    forbidden: () => (access.closed ? readOnlyError() : undefined),
    hasToken: () => (parseTokens(tokens.current())?.expiresAt ?? 0) > clock.now(),
    recent,
    clock,
    until,
  }
  const lock = hasWaitUntil(context) ? lockWithWaitUntil(setup.lock, (work) => context.waitUntil(work)) : setup.lock
  const client = createClient({
    ...setup.client,
    flow: guardedFlow(store === undefined ? redeemedOnce(setup.flow, rules) : setup.flow, rules),
    owner: id,
    store: tokens,
    lock: guardedLock(store === undefined ? recordTasks(lock, background) : lock, rules),
    pending,
    // in a worker a promise must not serve two requests: two requests of one session meet at the lock
    sharing: false,
    waitUntil(work) {
      // a cookie cannot be set after the response, and a runtime without waitUntil may stop after it
      if (store !== undefined && hasWaitUntil(context)) context.waitUntil(work)
      else background.push(work)
    },
  })
  return { client, tokens, pending, background, access }
}

/** `lock`, but each task is added to `tasks`. */
function recordTasks(lock: Lock, tasks: Promise<unknown>[]): Lock {
  return lockLike(lock, (name, task, signal) => {
    const work = lock(name, task, signal)
    tasks.push(work)
    return work
  })
}

function isReadOnly(context: unknown): boolean {
  return typeof context === 'object' && context !== null && 'readOnly' in context && context.readOnly === true
}

function hasWaitUntil(context: unknown): context is { waitUntil(work: Promise<unknown>): void } {
  return typeof context === 'object' && context !== null && 'waitUntil' in context
}
