import { createClient, type LoginClient } from '../../../core/client.ts'
import { parseTokens } from '../../../core/ims/tokens.ts'
import { lockLike } from '../../../core/memory.ts'
import type { Json, Lock, Store } from '../../../core/ports.ts'
import { keptAlive } from '../isolate/kept-alive.ts'
import { loginCookies } from './cookies-login.ts'
import type { Exchange, SessionsSetup } from './session.ts'
import type { SessionName } from './session-content.ts'
import { guardedFlow, guardedLock, type RenewalRules, readOnlyError, redeemedOnce } from './session-renewal.ts'
import { type SessionTokens, sessionTokens } from './session-tokens.ts'

/** One session's client, its tokens, and its work that the response has to wait for. */
export interface Lent {
  readonly client: LoginClient
  readonly tokens: SessionTokens
  /** Logins under way in this browser. */
  readonly pending: Store
  readonly behind: Promise<unknown>[]
  readonly access: Access
}

/** Whether a session can still set cookies. */
interface Access {
  closed: boolean
}

/** A client over the tokens of one session. */
export function lendClient(
  setup: SessionsSetup,
  { cookies, context }: Exchange,
  { id, startedAt, held }: SessionName & { readonly held?: Json | undefined },
): Lent {
  const { clock, encryption, store, recent } = setup
  const until = startedAt + setup.maxAge
  const tokens = sessionTokens({ store, held, recent, clock, until })
  const pending = loginCookies({ cookies, encryption, clock, spent: store ?? recent })
  const behind: Promise<unknown>[] = []
  const access: Access = { closed: isReadOnly(context) }
  const rules: RenewalRules = {
    forbidden: () => (access.closed ? readOnlyError() : undefined),
    hasToken: () => (parseTokens(tokens.held())?.expiresAt ?? 0) > clock.now(),
    recent,
    clock,
    until,
  }
  const lock = canWait(context) ? keptAlive(setup.lock, (work) => context.waitUntil(work)) : setup.lock
  const client = createClient({
    ...setup.client,
    flow: guardedFlow(store === undefined ? redeemedOnce(setup.flow, rules) : setup.flow, rules),
    owner: id,
    store: tokens,
    lock: guardedLock(store === undefined ? noted(lock, behind) : lock, rules),
    pending,
    // a promise must not serve two requests in a worker: two of one session meet at the lock
    sharing: false,
    waitUntil(work) {
      // what renews behind a response is lost to cookies, and to a runtime that ends with the response
      if (store !== undefined && canWait(context)) context.waitUntil(work)
      else behind.push(work)
    },
  })
  return { client, tokens, pending, behind, access }
}

/** `lock`, whose tasks the response waits for: their tokens go into its cookie. */
function noted(lock: Lock, behind: Promise<unknown>[]): Lock {
  return lockLike(lock, (name, task, signal) => {
    const work = lock(name, task, signal)
    behind.push(work)
    return work
  })
}

function isReadOnly(context: unknown): boolean {
  return typeof context === 'object' && context !== null && 'readOnly' in context && context.readOnly === true
}

function canWait(context: unknown): context is { waitUntil(work: Promise<unknown>): void } {
  return typeof context === 'object' && context !== null && 'waitUntil' in context
}
