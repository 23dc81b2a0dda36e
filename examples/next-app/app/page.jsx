import { Suspense } from 'react'
import { getSession } from '../auth'
import { SignOut } from './sign-out'

/** Rendered at build time, except for what depends on the user. */
export default function Page() {
  return (
    <>
      <h1>A Next app without tokens in the browser</h1>
      <Suspense fallback={<p>One moment…</p>}>
        <Account />
      </Suspense>
      <Suspense>
        <Answer />
      </Suspense>
    </>
  )
}

async function Account() {
  const session = await getSession()
  // a link of Next would fetch the sign-in in advance
  if (session === undefined)
    return (
      <a className="button" href="/auth/login?returnTo=/">
        Sign in
      </a>
    )
  return (
    <>
      <p>
        You are signed in as <strong>{session.user?.email}</strong>.
      </p>
      <SignOut csrfToken={session.csrfToken} />
    </>
  )
}

/** Calls the API at the same time. */
async function Answer() {
  const session = await getSession()
  if (session === undefined) return null
  const response = await session.fetch(process.env.API_URL)
  return <output>{JSON.stringify(await response.json())}</output>
}
