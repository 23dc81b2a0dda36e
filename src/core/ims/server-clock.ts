import type { Call } from './call.ts'

/** ms; a smaller difference may be the time that the answer was on its way */
const maxHonestSkew = 60_000

/** The server's time: the local clock plus the known skew. ms since the epoch. */
export function serverNow(call: Call): number {
  return call.clock.now() + call.skew.ms
}

/** Records that the server's clock showed `time` when the local clock showed `now`; ms since the epoch. */
export function noteServerTime(call: Call, time: number, now = call.clock.now()): void {
  const skew = time - now
  const before = call.skew.ms
  call.skew.ms = Math.abs(skew) > maxHonestSkew ? Math.round(skew) : 0
  if (call.skew.ms !== 0 && before === 0) call.emit({ type: 'clock-skew', skew: call.skew.ms })
}

/** Reads the server's time from the `Date` header of an answer to a request that was sent at `sentAt`. */
export function noteDateHeader(call: Call, headers: Headers, sentAt: number): void {
  const date = Date.parse(headers.get('date') ?? '')
  if (!Number.isNaN(date)) noteServerTime(call, date, (sentAt + call.clock.now()) / 2)
}
