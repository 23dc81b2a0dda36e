import { digest } from '../../../core/digest.ts'
import { LoginRequiredError, UnavailableError } from '../../../core/errors.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { isGrantOver } from '../../../core/ims/refusal.ts'
import { isObject } from '../../../core/json.ts'
import { lockLike } from '../../../core/memory.ts'
import type { Clock, Json, Lock, Store } from '../../../core/ports.ts'

/** How one request may renew its session. */
export interface RenewalRules {
  /** `undefined`, or why no refresh token may be redeemed now. */
  readonly forbidden: () => Error | undefined
  /** Whether the session still has an access token that has not expired. */
  readonly hasToken: () => boolean
  /** What this process has recently found out about any session. */
  readonly recent: Store
  readonly clock: Pick<Clock, 'now'>
  /** When the session expires, in ms since the epoch. */
  readonly until: number
}

/** ms within which a browser receives its newest cookie. If it sends an older one after that, it has no other. */
const newestCookie = 5_000

/** `flow`, but it redeems no refresh token while that is forbidden. */
export function guardedFlow(flow: LoginFlow, { forbidden }: Pick<RenewalRules, 'forbidden'>): LoginFlow {
  const { refresh } = flow
  if (refresh === undefined) return flow
  return {
    ...flow,
    async refresh(call, refreshToken) {
      const reason = forbidden()
      if (reason !== undefined) throw reason
      return refresh(call, refreshToken)
    },
  }
}

/** `lock`, but no caller acquires it while renewals are forbidden. */
export function guardedLock(lock: Lock, { forbidden }: Pick<RenewalRules, 'forbidden'>): Lock {
  return lockLike(lock, async (name, task, signal) => {
    const reason = forbidden()
    if (reason !== undefined) throw reason
    return lock(name, task, signal)
  })
}

/**
 * `flow` for a session whose tokens are in its cookie: a refresh token that this process has redeemed, or that IMS has
 * refused, is not sent to IMS again. A request may have a cookie from before the last renewal, and if its refresh token
 * were redeemed again, IMS would revoke the session.
 */
export function redeemedOnce(flow: LoginFlow, rules: RenewalRules): LoginFlow {
  const { refresh } = flow
  if (refresh === undefined) return flow
  const { recent, clock, until } = rules
  return {
    ...flow,
    async refresh(call, refreshToken) {
      const key = `imskit/redeemed/${await digest(refreshToken)}`
      const former = await recent.get(key)
      if (former !== undefined) throw await outdated(rules, key, former)
      try {
        const tokens = await refresh(call, refreshToken)
        const rotated = tokens.refreshToken !== undefined && tokens.refreshToken !== refreshToken
        if (rotated) await recent.set(key, {}, until)
        return tokens
      } catch (error) {
        if (!isGrantOver(error)) throw error
        await recent.set(key, { triedAt: clock.now() }, until)
        throw await outdated(rules, key, { triedAt: clock.now() })
      }
    },
  }
}

/** The error for a cookie whose refresh token was redeemed: first to repeat the request with the newest cookie, then to sign in. */
async function outdated({ recent, clock, until, hasToken }: RenewalRules, key: string, former: Json): Promise<Error> {
  const now = clock.now()
  const triedAt = isObject(former) && typeof former.triedAt === 'number' ? former.triedAt : now
  if (hasToken() || now - triedAt < newestCookie) {
    if (!hasToken()) await recent.set(key, { triedAt }, until)
    const message =
      'The refresh token in this cookie was redeemed already; send the request again, with the newest cookie'
    return new UnavailableError('SESSION_OUTDATED', message, { retryAfter: 1_000 })
  }
  const message =
    'The refresh token of this session was redeemed already, and the browser has sent no newer cookie; sign in again'
  return new LoginRequiredError('LOGIN_REQUIRED', message)
}

/** The error for a session that needs a renewal but cannot set cookies any more. */
export function readOnlyError(): UnavailableError {
  const why = 'The access token has expired, and this session cannot set the cookie for new tokens'
  const remedy = 'call getSession or getToken before cookies() or apply(), in code that can set cookies'
  return new UnavailableError('SESSION_READ_ONLY', `${why}; ${remedy}`)
}
