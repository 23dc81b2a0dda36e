import { onAbort } from '../async.ts'
import type { Clock } from '../ports.ts'
import { fireAfter } from '../time.ts'

/** The abort reason of a {@link withDeadline} signal after its timeout; it never leaves imskit. */
export const timedOut = /* @__PURE__ */ Symbol('timed out')

/** Runs `task` with a signal that aborts after `timeout` ms, or with `signal`, whichever comes first. */
export async function withDeadline<T>(
  { clock, timeout, signal }: { clock: Clock; timeout: number; signal?: AbortSignal | undefined },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const attempt = new AbortController()
  const listening = onAbort(signal, () => attempt.abort(signal?.reason))
  const silence = fireAfter(clock, timeout, () => attempt.abort(timedOut))
  // the caller must not wait for a fetch or body that ignores its signal
  const cut = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason), { once: true })
  })
  try {
    return await Promise.race([task(attempt.signal), cut])
  } finally {
    silence()
    listening()
  }
}
