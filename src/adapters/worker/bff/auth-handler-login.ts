import type { PendingLogin } from '../../../core/flows/login-flow.ts'
import { pendingLogin } from '../../../core/login/callback.ts'
import { absoluteUri } from '../../../core/login/redirect-uri.ts'
import { safePath } from '../../../core/login/return-to.ts'
import type { Json } from '../../../core/ports.ts'
import { failedLogin } from './auth-handler-failure.ts'
import type { HandlerSetup } from './auth-handler-options.ts'
import type { HandlerRequest } from './handler-request.ts'
import { forgetReturns, isLoop, noteReturn } from './login-loop.ts'
import { htmlPage, loginAgain, methodNotAllowed, redirectTo } from './responses.ts'
import { currentSession, openSession, readSession, requireStore } from './session.ts'
import { sessionClient } from './session-client.ts'
import { randomText } from './session-content.ts'

/** `GET /auth/login`: redirects the user to IMS. */
export async function handleLogin(setup: HandlerSetup, received: HandlerRequest): Promise<Response> {
  const { request, url, cookies } = received
  if (request.method !== 'GET') return methodNotAllowed('GET')
  const returnTo = returnPath(setup, url)
  const parameters = parametersOf(url.searchParams)
  if (returnTo === undefined || parameters === undefined) {
    const links = [{ href: setup.afterLogin, label: 'Go to the start page' }]
    const text = 'The link that you followed is not valid for this site.'
    return htmlPage(400, { title: 'This sign-in cannot be started', text, links })
  }
  if (url.searchParams.get('again') === 'true') forgetReturns(cookies)
  else if (isLoop(cookies, setup.clock)) return loopPage(setup, returnTo)
  const redirectUri = absoluteUri(setup.redirectUri ?? `${setup.basePath}/callback`, url.origin)
  const { client } = sessionClient(setup, received, newIdentity(setup))
  const appState = { silent: parameters.prompt === 'none' }
  return redirectTo((await client.startLogin({ ...parameters, redirectUri, returnTo, appState })).href)
}

/** `GET /auth/callback`: IMS redirects the user to it. */
export async function handleCallback(setup: HandlerSetup, received: HandlerRequest): Promise<Response> {
  const { request, url, cookies } = received
  if (request.method !== 'GET') return methodNotAllowed('GET')
  const identity = newIdentity(setup)
  const opened = sessionClient(setup, received, identity)
  let pending: PendingLogin | undefined
  try {
    pending = await pendingLogin(opened.pending, url)
    const { claims } = await opened.client.finishLogin(url)
    if (opened.tokens.failure() !== undefined) await opened.client.invalidate().catch(() => {})
    requireStore(opened.tokens)
    await revokeFormer(setup, received)
    const subject = typeof claims?.sub === 'string' ? claims.sub : undefined
    const user = claims && setup.user(claims)
    const content = { ...identity, csrf: randomText(), ...(subject && { subject }), ...(user && { user }) }
    await openSession(setup, received, { content, opened, stale: true }).updateCookie()
    noteReturn(cookies, setup.clock)
    return redirectTo(pending?.returnTo ?? setup.afterLogin)
  } catch (error) {
    const silent = isSilent(pending?.appState)
    if (silent) noteReturn(cookies, setup.clock)
    return failedLogin(setup, {
      error,
      returnTo: pending?.returnTo ?? setup.afterLogin,
      silent,
      isSignedIn: async () => (await currentSession(setup, received)) !== undefined,
    })
  }
}

/** Stops a browser app that redirects to the login again whenever the user returns from it. */
function loopPage({ basePath }: HandlerSetup, returnTo: string): Response {
  const text =
    'You were signed in several times within a minute, and this site did not notice. Your browser may block its cookies.'
  const links = [{ href: loginAgain(basePath, returnTo), label: 'Try again' }]
  return htmlPage(429, { title: 'Sign-in repeats without end', text, links })
}

/** Revokes the session that this browser had until now. */
async function revokeFormer(setup: HandlerSetup, received: HandlerRequest): Promise<void> {
  const former = await readSession(setup, received)
  if (former === undefined) return
  await setup.revocations.revoke(former.content, former.content.startedAt + setup.maxAge).catch(() => {})
  await former.client.forget().catch(() => {})
}

function newIdentity({ clock }: HandlerSetup) {
  return { id: randomText(), startedAt: clock.now() }
}

/** The path of this site to return to, unless it would start another login. */
function returnPath({ afterLogin, basePath }: HandlerSetup, { searchParams, origin }: URL): string | undefined {
  const path = safePath(searchParams.get('returnTo') ?? afterLogin, origin)
  return path?.startsWith(`${basePath}/`) ? undefined : path
}

/** The login parameters in the query; `undefined` if one of them is malformed. */
function parametersOf(query: URLSearchParams) {
  const [prompt, loginHint, locale] = ['prompt', 'login_hint', 'locale'].map((name) => query.get(name) ?? undefined)
  const wellFormed =
    /^[a-z_ ]{1,60}$/.test(prompt ?? 'none') &&
    /^[^\p{Cc}]{1,320}$/u.test(loginHint ?? 'anyone') &&
    /^[\w-]{2,20}$/.test(locale ?? 'en')
  return wellFormed ? { prompt, loginHint, locale } : undefined
}

function isSilent(appState: Json | undefined): boolean {
  return typeof appState === 'object' && appState !== null && 'silent' in appState && appState.silent === true
}
