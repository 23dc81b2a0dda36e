import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from 'react'
import type { LoginClient } from '../../core/client.ts'
import { badOption } from '../../core/options.ts'
import { type AppSession, appSession, checkSameClient, type OnRedirect, type UserSession } from '../app-session.ts'

const Session = /* @__PURE__ */ createContext<AppSession | undefined>(undefined)

export interface ImsProviderProps {
  /** The client of the app, created in a module: components may run twice. */
  readonly client: LoginClient
  /**
   * Called after a login by redirect. By default the browser loads the address that the login started from, unless it is
   * there; an app with a router navigates instead.
   */
  readonly onRedirect?: OnRedirect | undefined
  readonly children?: ReactNode
}

/**
 * Provides the session of `client` to {@link useIms}, and handles the callback of a login.
 *
 * @example
 * createRoot(root).render(
 *   <ImsProvider client={ims}>
 *     <App />
 *   </ImsProvider>,
 * )
 *
 * @throws {ConfigurationError} `BAD_OPTION` for another client than before, or than that of an `ImsProvider` above it
 */
export function ImsProvider({ client, onRedirect, children }: ImsProviderProps): ReactNode {
  checkSameClient('ImsProvider', useContext(Session)?.actions.client, client)
  checkSameClient('ImsProvider', useState(client)[0], client)
  const session = appSession('ImsProvider', client)
  useEffect(() => void session.start(onRedirect), [session])
  return createElement(Session.Provider, { value: session }, children)
}

/**
 * The session of the user. The component is rendered again when it changes, also in another tab.
 *
 * @example
 * const { status, claims, login } = useIms()
 *
 * @throws {ConfigurationError} `BAD_OPTION` outside of an {@link ImsProvider}
 */
export function useIms(): UserSession {
  const session = useContext(Session)
  if (session === undefined)
    throw badOption('useIms was called outside of ImsProvider. Render <ImsProvider client={client}> around the app')
  return useSyncExternalStore(session.subscribe, session.get, () => session.initial)
}

export interface ForUserProps {
  readonly children?: ReactNode
}

/**
 * Renders its children if a user is signed in.
 *
 * @example
 * <SignedIn>
 *   <Inbox />
 * </SignedIn>
 */
export const SignedIn = ({ children }: ForUserProps): ReactNode => (useIms().status === 'signedIn' ? children : null)

/**
 * Renders its children if it is known that no user is signed in.
 *
 * @example
 * <SignedOut>
 *   <button onClick={login}>Sign in</button>
 * </SignedOut>
 */
export const SignedOut = ({ children }: ForUserProps): ReactNode => (useIms().status === 'signedOut' ? children : null)
