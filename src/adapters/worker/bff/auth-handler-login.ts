import type { PendingLogin } from '../../../core/flows/login-flow.ts'
import { pendingLogin } from '../../../core/login/callback.ts'
import { safePath } from '../../../core/login/return-to.ts'
import type { Json } from '../../../core/ports.ts'
import type { Arrived } from './auth-handler.ts'
import { loginAgain, page, redirectTo, wrongMethod } from './auth-handler-answers.ts'
import { failedLogin } from './auth-handler-failure.ts'
import type { HandlerSetup } from './auth-handler-options.ts'
import { forgetReturns, isLoop, noteReturn } from './login-loop.ts'
import { currentSession, openSession, readSession, requireStore } from './session.ts'
import { lendClient } from './session-client.ts'
import { randomText } from './session-content.ts'

/** `GET /auth/login`: sends the person to IMS. */
export async function beginLogin(setup: HandlerSetup, arrived: Arrived): Promise<Response> {
  const { request, url } = arrived
  if (request.method !== 'GET') return wrongMethod('GET')
  const returnTo = placeAfter(setup, url)
  const asked = parametersOf(url.searchParams)
  if (returnTo === undefined || asked === undefined) {
    const links = [{ href: setup.afterLogin, label: 'Go to the start page' }]
    const text = 'The link that led here asks for something that this site does not do.'
    return page(400, { title: 'This sign-in cannot be started', text, links })
  }
  if (url.searchParams.get('again') === 'true') forgetReturns(arrived.cookies)
  else if (isLoop(arrived.cookies, setup.clock)) return brokenLoop(setup, returnTo)
  const redirectUri = setup.redirectUri ?? `${url.origin}${setup.basePath}/callback`
  const { client } = lendClient(setup, arrived, newName(setup))
  const appState = { silent: asked.prompt === 'none' }
  return redirectTo((await client.startLogin({ ...asked, redirectUri, returnTo, appState })).href)
}

/** `GET /auth/callback`: where IMS sends the person back to. */
export async function endLogin(setup: HandlerSetup, arrived: Arrived): Promise<Response> {
  const { request, url } = arrived
  if (request.method !== 'GET') return wrongMethod('GET')
  const name = newName(setup)
  const lent = lendClient(setup, arrived, name)
  let pending: PendingLogin | undefined
  try {
    pending = await pendingLogin(lent.pending, url)
    const { claims } = await lent.client.finishLogin(url)
    if (lent.tokens.failure() !== undefined) await lent.client.invalidate().catch(() => {})
    requireStore(lent.tokens)
    await forgetFormer(setup, arrived)
    const subject = typeof claims?.sub === 'string' ? claims.sub : undefined
    const user = claims && setup.user(claims)
    const content = { ...name, csrf: randomText(), ...(subject && { subject }), ...(user && { user }) }
    await openSession(setup, arrived, { content, lent, stale: true }).settle()
    noteReturn(arrived.cookies, setup.clock)
    return redirectTo(pending?.returnTo ?? setup.afterLogin)
  } catch (error) {
    const silent = isSilent(pending?.appState)
    if (silent) noteReturn(arrived.cookies, setup.clock)
    return failedLogin(setup, {
      error,
      returnTo: pending?.returnTo ?? setup.afterLogin,
      silent,
      signedIn: async () => (await currentSession(setup, arrived)) !== undefined,
    })
  }
}

/** Ends what would go on for ever: the page sends the person to sign in as soon as they are back from it. */
function brokenLoop({ basePath }: HandlerSetup, returnTo: string): Response {
  const text =
    'You were signed in several times within a minute, and this site did not see it. Your browser may refuse its cookies.'
  const links = [{ href: loginAgain(basePath, returnTo), label: 'Try again' }]
  return page(429, { title: 'Sign-in goes round in circles', text, links })
}

/** Another session of this browser, which the new one takes the place of. */
async function forgetFormer(setup: HandlerSetup, arrived: Arrived): Promise<void> {
  const former = await readSession(setup, arrived)
  if (former === undefined) return
  await setup.ended.end(former.content, former.content.startedAt + setup.maxAge).catch(() => {})
  await former.client.forget().catch(() => {})
}

function newName({ clock }: HandlerSetup) {
  return { id: randomText(), startedAt: clock.now() }
}

/** Where the login ends: a page of this site, and none that begins another login. */
function placeAfter({ afterLogin, basePath }: HandlerSetup, { searchParams, origin }: URL): string | undefined {
  const place = safePath(searchParams.get('returnTo') ?? afterLogin, origin)
  return place?.startsWith(`${basePath}/`) ? undefined : place
}

/** What a login may ask of IMS, `undefined` where that is not what it looks like. */
function parametersOf(query: URLSearchParams) {
  const [prompt, loginHint, locale] = ['prompt', 'login_hint', 'locale'].map((name) => query.get(name) ?? undefined)
  const fits =
    /^[a-z_ ]{1,60}$/.test(prompt ?? 'none') &&
    /^[^\p{Cc}]{1,320}$/u.test(loginHint ?? 'anyone') &&
    /^[\w-]{2,20}$/.test(locale ?? 'en')
  return fits ? { prompt, loginHint, locale } : undefined
}

function isSilent(appState: Json | undefined): boolean {
  return typeof appState === 'object' && appState !== null && 'silent' in appState && appState.silent === true
}
