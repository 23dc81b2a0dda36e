import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ims, signIn, useSession } from './ims.ts'

function App() {
  const session = useSession()
  if (session.status === 'loading') return <main aria-busy="true">Looking for your session</main>
  if (session.status === 'signed-in') {
    const { name = 'you' } = session.tokens.claims ?? {}
    const signOut = async () => location.assign(await ims.logout({ postLogoutRedirectUri: `${location.origin}/` }))
    return (
      <main>
        <h1>Hello, {String(name)}</h1>
        <p>Your token is good until {new Date(session.tokens.expiresAt).toLocaleTimeString()}.</p>
        <div>
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        </div>
      </main>
    )
  }
  return (
    <main>
      <h1>Welcome</h1>
      <p role={session.status === 'failed' ? 'alert' : undefined}>
        {session.status === 'failed' ? session.message : 'Sign in with your Adobe account.'}
      </p>
      <div>
        <button type="button" onClick={() => signIn()}>
          Sign in
        </button>
        <button type="button" onClick={() => signIn('popup')}>
          Use a window instead
        </button>
      </div>
    </main>
  )
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
