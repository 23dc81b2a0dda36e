import { explainError } from 'imskit/browser'
import { ImsProvider, SignedIn, SignedOut, useIms } from 'imskit/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ims } from './ims.ts'

function Account() {
  const { claims, expiresAt, logout } = useIms()
  return (
    <main>
      <h1>Hello, {String(claims?.name ?? 'you')}</h1>
      <p>Your token is valid until {new Date(expiresAt ?? 0).toLocaleTimeString()}.</p>
      <div>
        <button type="button" onClick={() => logout({ postLogoutRedirectUri: '/' })}>
          Sign out
        </button>
      </div>
    </main>
  )
}

function Welcome() {
  const { error, login } = useIms()
  const message = error === undefined ? undefined : explainError(error)
  return (
    <main>
      <h1>Welcome</h1>
      <p role={message && 'alert'}>{message ?? 'Sign in with your Adobe account.'}</p>
      <div>
        <button type="button" onClick={login}>
          Sign in
        </button>
        <button type="button" onClick={() => login({ mode: 'popup' })}>
          Use a window instead
        </button>
      </div>
    </main>
  )
}

function App() {
  const { status } = useIms()
  if (status === 'unknown') return <main aria-busy="true">Looking for your session</main>
  return (
    <>
      <SignedIn>
        <Account />
      </SignedIn>
      <SignedOut>
        <Welcome />
      </SignedOut>
    </>
  )
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <ImsProvider client={ims}>
      <App />
    </ImsProvider>
  </StrictMode>,
)
