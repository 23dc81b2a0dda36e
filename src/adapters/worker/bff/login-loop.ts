import type { Clock } from '../../../core/ports.ts'
import type { Cookies } from './cookies.ts'

// Not sealed: who changes it sends nobody in circles but themselves

const name = 'imskit-returns'
const span = 60_000
const most = 5

/** Notes that a person was sent back to the page, which may not find them signed in and send them away again. */
export function noteReturn(cookies: Cookies, clock: Pick<Clock, 'now'>): void {
  const times = [...recentReturns(cookies, clock), clock.now()].slice(-most)
  cookies.set(name, times.join('.'), { maxAge: span, sameSite: 'Lax' })
}

/** Whether the person was sent back and forth so often within a minute that it would not end. */
export function isLoop(cookies: Cookies, clock: Pick<Clock, 'now'>): boolean {
  return recentReturns(cookies, clock).length >= most
}

/** The page has found the person signed in, or they want to try once more. */
export function forgetReturns(cookies: Cookies): void {
  cookies.clear(name)
}

function recentReturns(cookies: Cookies, clock: Pick<Clock, 'now'>): number[] {
  const times = (cookies.get(name) ?? '').split('.').map(Number)
  return times.filter((time) => time > clock.now() - span)
}
