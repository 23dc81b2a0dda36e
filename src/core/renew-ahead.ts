import type { Client } from './client.ts'
import { isImsError } from './errors.ts'
import { checkOptions, type OptionNames, requireMethods } from './options.ts'
import type { Clock } from './ports.ts'
import { requirePositive } from './setup.ts'
import { longestTimer } from './time.ts'

export interface RenewAheadOptions {
  /** How long before the token expires it is renewed, in ms; at most half of its lifetime. Default: 900,000. */
  readonly before?: number | undefined
  /** Default: the clock of the runtime, with timers that do not keep a process alive. */
  readonly clock?: Pick<Clock, 'now' | 'alarm'> | undefined
}

const optionNames: OptionNames<RenewAheadOptions> = { before: 1, clock: 1 }
/** ms between two renewals, also after one that failed. */
const shortest = 30_000

/** Timers that a process does not wait for. */
const idleClock: Pick<Clock, 'now' | 'alarm'> = {
  now: () => Date.now(),
  alarm(ms, fire) {
    const timer = setTimeout(fire, ms) as number | { unref?(): void }
    // a number in browsers
    if (typeof timer !== 'number') timer.unref?.()
    return () => clearTimeout(timer as number)
  },
}

/**
 * Renews the token of `client` before it expires, also while no caller asks for it, so that no call waits for IMS. Without it,
 * the first call in the last minutes of a token renews in the background. A renewal that fails is tried again in half of the
 * time that is left. A client without a token obtains one, unless that needs the user. Not for workers, which stop with
 * their request.
 *
 * @returns a function that stops it; `client.close()` stops it too
 *
 * @example
 * const stop = renewAhead(client)
 */
export function renewAhead(client: Client, options: RenewAheadOptions = {}): () => void {
  requireMethods('renewAhead: client', client, 'getTokens', 'on')
  checkOptions('renewAhead', options, optionNames)
  const { before = 900_000, clock = idleClock } = options
  requirePositive('before', before)
  requireMethods('clock', clock, 'now', 'alarm')
  const { alarm } = clock
  let stopped = false
  let cancel = () => {}
  let latest = 0
  const wait = (ms: number) => {
    cancel()
    if (!stopped) cancel = alarm?.call(clock, Math.min(Math.max(ms, shortest), longestTimer), renew) ?? cancel
  }
  const schedule = (expiresAt: number) => {
    latest = expiresAt
    const left = expiresAt - clock.now()
    wait(left - Math.min(before, left / 2))
  }
  const renew = async () => {
    // one that lasts longer than the last, which another process may have obtained
    const minValidity = Math.max(0, latest - clock.now() + 1)
    try {
      schedule((await client.getTokens({ minValidity })).expiresAt)
    } catch (error) {
      // what needs the user, other options or a client that is not closed does not pass by itself
      if (isImsError(error) && !['LoginRequiredError', 'ConfigurationError'].includes(error.name)) wait(0)
    }
  }
  const unsubscribe = client.on('token', ({ expiresAt }) => schedule(expiresAt))
  void renew()
  return () => {
    stopped = true
    cancel()
    unsubscribe()
  }
}
