import type { Setup } from '../setup.ts'
import { stopwatch } from '../time.ts'

/** ms: a look that took longer was held up by more than a store or lock with which a renewal is still in time. */
const outdated = 4_000

/**
 * What `look` finds, before something is written because of it. A look that took long is repeated: the process may have
 * stood still meanwhile, and have lost its lock. What is always slow is believed the third time.
 */
export async function timely<T>({ connection: { clock } }: Setup, look: () => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks++) {
    const elapsed = stopwatch(clock)
    const found = await look()
    if (elapsed() < outdated || looks === 3) return found
  }
}
