import {
  authorizationCode,
  browserPlatform,
  createClient,
  explainError,
  isImsError,
  type TokenSet,
} from 'imskit/browser'
import { useSyncExternalStore } from 'react'

const { VITE_CLIENT_ID: clientId = '', VITE_IMS_ENDPOINT: endpoint } = import.meta.env as Record<string, string>
// a server that renders the app imports this module, too
const isBrowser = typeof document !== 'undefined'

// one client for the app, outside of components, because StrictMode mounts components twice
export const ims = createClient({
  flow: authorizationCode({
    clientId,
    scopes: ['openid', 'profile', 'offline_access'],
    redirectUri: '/',
  }),
  endpoint,
  ...browserPlatform(),
})

type Session =
  | { readonly status: 'loading' | 'signed-out' }
  | { readonly status: 'signed-in'; readonly tokens: TokenSet }
  /** `message` is a sentence for the user. */
  | { readonly status: 'failed'; readonly message: string }

const loading: Session = { status: 'loading' }
let session: Session = loading
const listeners = new Set<() => void>()

function set(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}

/** Reads the session again: after a login, here or in another tab. */
async function refresh(): Promise<void> {
  try {
    set({ status: 'signed-in', tokens: await ims.getTokens() })
  } catch (error) {
    if (isImsError(error) && error.code === 'LOGIN_REQUIRED') set({ status: 'signed-out' })
    else fail(error)
  }
}

function fail(error: unknown): void {
  const message = explainError(error)
  // a user who canceled needs no message
  set(message === undefined ? { status: 'signed-out' } : { status: 'failed', message })
}

/** For a button: starts the login. `mode: 'popup'` needs a click. */
export const signIn = (mode?: 'popup'): Promise<void> => ims.login({ mode }).then(() => {}, fail)

ims.on('login', refresh)
ims.on('logout', () => set({ status: 'signed-out' }))
// here and not in a component: a callback is handled once
if (isBrowser) ims.handleRedirect().then(refresh, fail)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The user's session. The component is rendered again if it changes, also in another tab. */
export const useSession = (): Session =>
  useSyncExternalStore(
    subscribe,
    () => session,
    () => loading,
  )
