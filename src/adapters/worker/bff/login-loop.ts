import type { Clock } from '../../../core/ports.ts'
import type { Cookies } from './cookies.ts'

// not encrypted: users who change this cookie affect only themselves

const name = 'imskit-returns'
/** ms */
const span = 60_000
const mostReturns = 5

/** Notes that a user was redirected back to the app, which may not notice the session and start another login. */
export function noteReturn(cookies: Cookies, clock: Pick<Clock, 'now'>): void {
  const times = [...recentReturns(cookies, clock), clock.now()].slice(-mostReturns)
  cookies.set(name, times.join('.'), { maxAge: span, sameSite: 'Lax' })
}

/** Whether the user was redirected back so often within a minute that the app is in a loop. */
export function isLoop(cookies: Cookies, clock: Pick<Clock, 'now'>): boolean {
  return recentReturns(cookies, clock).length >= mostReturns
}

/** The app has noticed the session, or the user wants to try again. */
export function forgetReturns(cookies: Cookies): void {
  cookies.clear(name)
}

function recentReturns(cookies: Cookies, clock: Pick<Clock, 'now'>): number[] {
  const times = (cookies.get(name) ?? '').split('.').map(Number)
  return times.filter((time) => time > clock.now() - span)
}
