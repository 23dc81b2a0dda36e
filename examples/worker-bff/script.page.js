// What runs in the page: it asks who is signed in, calls the API and signs out. It never sees a token.
const part = (id) => document.getElementById(id)
const main = document.querySelector('main')
const title = document.querySelector('h1')

let csrfToken = ''

function show(heading, { signedIn, status = '' }) {
  title.textContent = heading
  part('status').textContent = status
  part('signed-in').hidden = !signedIn
  part('signed-out').hidden = signedIn
  main.setAttribute('aria-busy', 'false')
}

function showPerson({ user, expiresAt }) {
  const until = new Date(expiresAt)
  part('name').textContent = user?.name ?? 'unknown'
  part('account').textContent = user?.email ?? user?.sub ?? 'unknown'
  part('until').textContent = until.toLocaleString()
  part('until').dateTime = until.toISOString()
  show(`Hello, ${user?.given_name ?? user?.name ?? 'you'}`, { signedIn: true })
}

function forgetPerson(status = '') {
  csrfToken = ''
  for (const id of ['name', 'account', 'until', 'answer']) part(id).textContent = ''
  part('answer').hidden = true
  show('Welcome', { signedIn: false, status })
}

async function readSession() {
  const response = await fetch('/auth/session')
  if (!response.ok) return show('Out of order', { signedIn: false, status: 'Please try again a little later.' })
  const session = await response.json()
  if (!session.signedIn) return forgetPerson()
  csrfToken = session.csrfToken
  showPerson(session)
}

/** `fetch` with what shows that it is this page that asks; once more where another tab has signed in anew. */
async function call(path, init = {}) {
  const ask = () => fetch(path, { ...init, headers: { ...init.headers, 'x-csrf-token': csrfToken } })
  const response = await ask()
  if (response.status !== 403) return response
  await readSession()
  return csrfToken === '' ? response : ask()
}

async function callApi() {
  part('call').disabled = true
  try {
    const response = await call('/api/echo')
    if (response.status === 401) {
      forgetPerson('You were signed out.')
      return title.focus()
    }
    part('answer').textContent = JSON.stringify(await response.json(), null, 2)
    part('answer').hidden = false
  } finally {
    part('call').disabled = false
  }
}

async function signOut() {
  const response = await call('/auth/logout', { method: 'POST' })
  if (!response.ok) return forgetPerson()
  const { logoutUrl } = await response.json()
  // IMS has a session of its own, which ends there
  location.replace(logoutUrl)
}

part('sign-in').href = `/auth/login?${new URLSearchParams({ returnTo: location.pathname + location.search })}`
part('call').addEventListener('click', callApi)
part('sign-out').addEventListener('click', signOut)
// a page that the back button brings back, or a tab that was away, may show someone who has gone
addEventListener('pageshow', ({ persisted }) => persisted && readSession())
addEventListener('pagehide', () => forgetPerson())
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && readSession())
readSession()
