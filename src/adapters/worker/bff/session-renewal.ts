import { digest } from '../../../core/digest.ts'
import { LoginRequiredError, UnavailableError } from '../../../core/errors.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { isGrantOver } from '../../../core/ims/refusal.ts'
import { isObject } from '../../../core/json.ts'
import { lockLike } from '../../../core/memory.ts'
import type { Clock, Json, Lock, Store } from '../../../core/ports.ts'

/** The way in which one request may renew its session. */
export interface RenewalRules {
  /** `undefined`, or why no refresh token may be redeemed now. */
  readonly forbidden: () => Error | undefined
  /** Whether the session still has an access token that has not expired. */
  readonly hasToken: () => boolean
  /** What this process has learned of any session. */
  readonly recent: Store
  readonly clock: Pick<Clock, 'now'>
  /** When the session ends, in ms since the epoch. */
  readonly until: number
}

/** ms within which a browser has its newest cookie: one that still sends the former after that has no other. */
const newestCookie = 5_000

/** `flow`, which redeems no refresh token while that is forbidden. */
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

/** `lock`, which nobody enters while renewals are forbidden. */
export function guardedLock(lock: Lock, { forbidden }: Pick<RenewalRules, 'forbidden'>): Lock {
  return lockLike(lock, async (name, task, signal) => {
    const reason = forbidden()
    if (reason !== undefined) throw reason
    return lock(name, task, signal)
  })
}

/**
 * `flow` for a session whose tokens are in its cookie: a refresh token that was redeemed or refused here is not sent to
 * IMS again. A request may bring a cookie from before the last renewal, and redeeming that would end the session.
 */
export function redeemedOnce(flow: LoginFlow, rules: RenewalRules): LoginFlow {
  const { refresh } = flow
  if (refresh === undefined) return flow
  const { recent, clock, until } = rules
  return {
    ...flow,
    async refresh(call, refreshToken) {
      const key = `imskit/redeemed/${await digest(refreshToken)}`
      const seen = await recent.get(key)
      if (seen !== undefined) throw await outdated(rules, key, seen)
      try {
        const tokens = await refresh(call, refreshToken)
        const rotated = tokens.refreshToken !== undefined && tokens.refreshToken !== refreshToken
        if (rotated) await recent.set(key, {}, until)
        return tokens
      } catch (error) {
        if (!isGrantOver(error)) throw error
        await recent.set(key, { askedAt: clock.now() }, until)
        throw await outdated(rules, key, { askedAt: clock.now() })
      }
    },
  }
}

/** The answer to a cookie whose refresh token is used up: first to come again with the newest one, then to sign in. */
async function outdated({ recent, clock, until, hasToken }: RenewalRules, key: string, seen: Json): Promise<Error> {
  const now = clock.now()
  const askedAt = isObject(seen) && typeof seen.askedAt === 'number' ? seen.askedAt : now
  if (hasToken() || now - askedAt < newestCookie) {
    if (!hasToken()) await recent.set(key, { askedAt }, until)
    const message = 'the refresh token in this cookie is used up; send the request again, with the newest cookie'
    return new UnavailableError('SESSION_OUTDATED', message, { retryAfter: 1_000 })
  }
  const message = 'the refresh token of this session is used up, and no newer cookie came; sign in again'
  return new LoginRequiredError('LOGIN_REQUIRED', message)
}

/** Why a session that cannot set cookies any more has no token. */
export function readOnlyError(): UnavailableError {
  const why = 'the access token has expired, and this session cannot set the cookie that a renewal makes'
  const remedy = 'call getSession or getToken before cookies() or apply(), in a place that can set cookies'
  return new UnavailableError('SESSION_READ_ONLY', `${why}; ${remedy}`)
}
