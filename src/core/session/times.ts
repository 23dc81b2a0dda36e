/** ms that one renewal may take from acquiring the lock, with all its attempts and pauses. */
export const renewalLimit = 40_000

/** ms that one attempt of a renewal may take. */
export const attemptLimit = 30_000

/** ms that a caller waits for a lock, unless the lock's lease plus {@link renewalLimit} is longer. */
export const lockWait = 60_000

/** As {@link lockWait}, for a caller whose stored token has not expired. */
export const lockWaitWithToken = 5_000

/** As {@link lockWait}, for signing out and for storing a finished login. */
export const signOutWait = 2_000

/** ms after which the store is read again before a refused refresh token is dropped. */
export const rereadDelay = 1_000
