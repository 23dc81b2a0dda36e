/** ms that one renewal may hold the lock, with all attempts, pauses and `Retry-After`. */
export const renewalLimit = 40_000
/** ms that one attempt of a renewal may take. */
export const attemptLimit = 30_000
/** ms of running time that a call waits for the lock; longer if the lock's lease asks for it. */
export const lockWait = 60_000
/** ms that a call waits for the lock if the stored token has not expired. */
export const lockWaitWithToken = 5_000
/** ms that signing out, or storing a finished login, waits for the lock. */
export const signOutWait = 2_000
/** ms after which the store is read once more before a refused refresh token is dropped. */
export const rereadDelay = 1_000
/** ms for which a refused credential, or a renewal that failed, is not tried again by every call. */
export const failurePause = 10_000
/** ms between two background renewals. */
export const backgroundPause = 30_000
/** ms by which another machine's clock may be ahead of this one; if it is further ahead, a token's expiry is unknown. */
export const clockSlack = 60_000
/**
 * ms for which a note is stored: longer than any redemption that it can be about, even if the clock of the process that
 * wrote it is set wrong.
 */
export const noteLifetime = 30 * 86_400_000

/** How long a call may wait for a lock: never shorter than a lease whose holder has exited and the next one's renewal. */
export function longestWait(lease = 0): number {
  return Math.max(lockWait, lease + renewalLimit)
}
/** ms after which a store or lock that does not answer counts as failed. */
export const mediumLimit = 10_000
