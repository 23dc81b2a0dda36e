import type { LoginClient } from '../../core/client.ts'
import { checkOptions, type OptionNames } from '../../core/options.ts'
import { appSession, type OnRedirect, type UserActions, type UserSession } from '../app-session.ts'

export interface SvelteImsOptions {
  /**
   * Called after a login by redirect. By default the browser loads the address that the login started from, unless it is
   * there; an app of SvelteKit calls `goto`.
   */
  readonly onRedirect?: OnRedirect | undefined
}

/** A readable store by the contract of Svelte; `$ims` in a component is the session of the user. */
export interface SvelteUserSession extends UserActions {
  subscribe(run: (session: UserSession) => void): () => void
}

const optionNames: OptionNames<SvelteImsOptions> = { onRedirect: 1 }

/**
 * The session of `client` as a store of Svelte. In a browser it also handles the callback of a login.
 *
 * @example
 * export const ims = createIms(client)
 * // in a component: {#if $ims.status === 'signedIn'} … {/if}
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function createIms(client: LoginClient, options: SvelteImsOptions = {}): SvelteUserSession {
  const session = appSession('createIms', client)
  checkOptions('createIms', options, optionNames)
  void session.start(options.onRedirect)
  return {
    ...session.actions,
    subscribe(run) {
      const update = () => run(session.get())
      const unsubscribe = session.subscribe(update)
      update()
      return unsubscribe
    },
  }
}
