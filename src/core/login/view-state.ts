import type { TokenSet } from '../token-set.ts'

/** Whether a user is signed in, as far as this client knows. */
export type SessionState =
  /** The store was not read yet, or does not answer. */
  | { readonly status: 'unknown' }
  | { readonly status: 'signedOut' }
  | {
      readonly status: 'signedIn'
      /** Validated claims of the id token of the login. */
      readonly claims: TokenSet['claims']
      /** When the access token expires, in ms since the epoch. It may be renewable after that. */
      readonly expiresAt: number
    }

/** The session of a client, for user interfaces: nothing is sent, and no user is asked to sign in. */
export interface SessionView {
  /** The same object until something changes. */
  get(): SessionState
  /**
   * Calls `listener` after each change, here or in another tab or process that shares the store and announces it.
   *
   * @example
   * const unsubscribe = client.session.subscribe(() => render(client.session.get()))
   *
   * @returns a function that unsubscribes it
   * @throws {ConfigurationError} `BAD_OPTION` unless `listener` is a function
   */
  subscribe(listener: () => void): () => void
}

/** What {@link SessionView} consists of. */
export interface ViewState {
  current: SessionState
  readonly listeners: Set<{ readonly notify: () => void }>
  /** Looks again; set once the code for it is loaded. */
  look: (() => void) | undefined
  /** Ends the wait for the expiry of a token that cannot be renewed. */
  expiry: (() => void) | undefined
}
