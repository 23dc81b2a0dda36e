import { authorizationCode, browserPlatform, createClient, isImsError, type TokenSet } from 'imskit/browser'
import { useSyncExternalStore } from 'react'

const { VITE_CLIENT_ID: clientId = '', VITE_IMS: endpoint } = import.meta.env as Record<string, string>

// one client for the app, outside of any component: mounting twice makes no second one
export const ims = createClient({
  flow: authorizationCode({
    clientId,
    scopes: ['openid', 'profile', 'offline_access'],
    redirectUri: `${location.origin}/`,
  }),
  ...(endpoint && { endpoint }),
  ...browserPlatform(),
})

type Session =
  | { readonly status: 'loading' | 'signed-out' }
  | { readonly status: 'signed-in'; readonly tokens: TokenSet }
  | { readonly status: 'failed'; readonly error: Error }

let session: Session = { status: 'loading' }
const listeners = new Set<() => void>()

function set(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}

/** Looks again: after a login, here or in another tab. */
async function refresh(): Promise<void> {
  try {
    set({ status: 'signed-in', tokens: await ims.getTokens() })
  } catch (error) {
    if (isImsError(error) && error.code === 'LOGIN_REQUIRED') set({ status: 'signed-out' })
    else set({ status: 'failed', error: error as Error })
  }
}

ims.on('login', refresh)
ims.on('logout', () => set({ status: 'signed-out' }))
// a login that came back is ended once, whatever is rendered and however often
ims.handleRedirect().then(refresh, (error) => set({ status: 'failed', error }))

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Who is signed in; the component is rendered again when that changes, also from another tab. */
export const useSession = (): Session => useSyncExternalStore(subscribe, () => session)
