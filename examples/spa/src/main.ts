import { authorizationCode, browserPlatform, createClient, isImsError } from 'imskit/browser'

const {
  VITE_CLIENT_ID: clientId = '',
  VITE_IMS_ENDPOINT: endpoint,
  VITE_API: api = '',
} = import.meta.env as Record<string, string>
const page = `${location.origin}/`

const ims = createClient({
  flow: authorizationCode({
    clientId,
    scopes: ['openid', 'AdobeID', 'profile', 'email', 'offline_access', 'read_organizations'],
    redirectUri: page,
  }),
  ...(endpoint && { endpoint }),
  allowedOrigins: [api, new URL(endpoint ?? 'https://ims-na1.adobelogin.com').origin],
  ...browserPlatform(),
})

interface Profile {
  readonly displayName?: string
  readonly name?: string
  readonly email?: string
  readonly countryCode?: string
  readonly account_type?: string
}

interface Organization {
  readonly orgName: string
  readonly orgRef: { readonly ident: string; readonly authSrc: string }
}

const element = (id: string) => document.getElementById(id) as HTMLElement
const button = (id: string) => element(id) as HTMLButtonElement

/** Which of its faces the page shows. */
function show(face: 'loading' | 'signed-out' | 'signed-in'): void {
  for (const id of ['loading', 'signed-out', 'signed-in']) element(id).hidden = id !== face
  element('account').hidden = face !== 'signed-in'
  element('main').ariaBusy = String(face === 'loading')
}

/** Moves the reader to what has changed, and says it. */
function announce(text: string, focus: Element | null): void {
  element('live').textContent = text
  if (focus instanceof HTMLElement) focus.focus()
}

function line(name: string, value: string): HTMLElement {
  const row = document.createElement('div')
  const term = document.createElement('dt')
  const description = document.createElement('dd')
  term.textContent = name
  description.textContent = value
  row.append(term, description)
  return row
}

function entry({ orgName, orgRef }: Organization): HTMLElement {
  const item = document.createElement('li')
  const name = document.createElement('span')
  const id = document.createElement('small')
  name.textContent = orgName
  id.textContent = orgRef.ident
  item.append(name, id)
  return item
}

async function json<T>(url: string): Promise<T> {
  const response = await ims.fetch(url)
  if (!response.ok) throw new Error(`The service answered ${response.status}. Try again in a moment.`)
  return response.json() as Promise<T>
}

/** Shows who is signed in, or the way to sign in where nobody is. */
async function refresh(): Promise<boolean> {
  const tokens = await ims.getTokens().catch((error: unknown) => {
    if (isImsError(error) && error.code === 'LOGIN_REQUIRED') return undefined
    throw error
  })
  if (tokens === undefined) {
    show('signed-out')
    element('until').textContent = ''
    return false
  }
  const base = endpoint || 'https://ims-na1.adobelogin.com'
  const [profile, organizations] = await Promise.all([
    json<Profile>(`${base}/ims/profile/v1`),
    json<Organization[]>(`${base}/ims/organizations/v6`),
  ])
  const name = profile.displayName ?? profile.name ?? profile.email ?? 'you'
  element('greeting').textContent = `Hello, ${name}`
  element('account-name').textContent = name
  element('initials').textContent = name
    .split(/\s+/)
    .map(([first]) => first)
    .join('')
    .slice(0, 2)
  const facts = { Name: name, 'E-mail': profile.email, Country: profile.countryCode }
  element('profile').replaceChildren(
    ...Object.entries(facts).flatMap(([label, value]) => (value === undefined ? [] : [line(label, value)])),
  )
  element('organizations').replaceChildren(...organizations.map(entry))
  const until = new Date(tokens.expiresAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  element('until').textContent = `Signed in until ${until}.`
  show('signed-in')
  return true
}

/** Runs what a button does: once at a time, and says in words what went wrong. */
async function attempt(work: () => Promise<unknown>, by?: HTMLButtonElement): Promise<void> {
  element('problem').textContent = ''
  if (by) by.disabled = true
  try {
    await work()
  } catch (error) {
    element('problem').textContent = error instanceof Error ? error.message : 'Something went wrong.'
    if (!element('loading').hidden) show('signed-out')
  } finally {
    if (by) by.disabled = false
  }
}

const on = (id: string, work: () => Promise<unknown>) => {
  button(id).onclick = () => attempt(work, button(id))
}

on('sign-in', () => ims.login())
on('sign-in-window', async () => {
  // the window opens inside the click; nothing may be awaited before
  await ims.login({ mode: 'popup' })
  await refresh()
  announce('You are signed in.', element('greeting'))
})
on('sign-out', async () => location.assign(await ims.logout({ postLogoutRedirectUri: page })))
on('call', async () => {
  const answer = await json<unknown>(`${api}/things`)
  element('answer').hidden = false
  element('answer').textContent = JSON.stringify(answer, null, 2)
  announce('The API has answered.', element('answer'))
})

// another tab signed in or out
ims.on('login', () => attempt(refresh))
ims.on('logout', () =>
  attempt(async () => {
    await refresh()
    announce('You were signed out.', document.querySelector('#signed-out h1'))
  }),
)

const online = () => {
  element('offline').hidden = navigator.onLine
}
addEventListener('online', online)
addEventListener('offline', online)
online()

await attempt(async () => {
  const result = await ims.handleRedirect()
  const signedIn = await refresh()
  if (result?.status === 'denied') throw result.error
  if (result !== undefined && signedIn) announce('You are signed in.', element('greeting'))
})
