// @vitest-environment happy-dom
import { createElement, type ReactNode, StrictMode, useEffect } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { ImsProvider, SignedIn, SignedOut, type UserSession, useIms } from '../../../src/bindings/react/index.ts'
import { explainError, type LoginClient } from '../../../src/core/index.ts'
import { settled } from '../../core/setting.ts'
import { arrive, arriveDenied, emulator, newClient } from '../app.ts'

beforeEach(() => history.replaceState(null, '', '/inbox'))
afterEach(() => vi.restoreAllMocks())

let seen: UserSession[] = []
beforeEach(() => {
  seen = []
})

function Page(): ReactNode {
  const session = useIms()
  seen.push(session)
  return createElement(
    'main',
    null,
    session.status,
    createElement(SignedIn, null, ` hello ${session.claims?.name}`),
    createElement(SignedOut, null, ' sign in'),
  )
}

const app = (client: LoginClient, more: object = {}) =>
  createElement(StrictMode, null, createElement(ImsProvider, { client, ...more }, createElement(Page)))

function newElement(): HTMLElement {
  const element = document.createElement('div')
  document.body.append(element)
  onTestFinished(() => element.remove())
  return element
}

/** Renders `node` as an app; what components throw goes to `errors`. */
function render(node: ReactNode) {
  const element = newElement()
  const errors: unknown[] = []
  const root = createRoot(element, { onUncaughtError: (error) => errors.push(error) })
  onTestFinished(() => root.unmount())
  root.render(node)
  return { element, errors, root }
}

const text = (element: HTMLElement) => expect.poll(() => element.textContent)

const codes = () => emulator.requests.filter(({ params }) => params.grant_type === 'authorization_code').length

test('components follow the session, here and as another tab changes it', async () => {
  const client = newClient()
  const { element } = render(app(client))
  await text(element).toBe('signedOut sign in')
  expect(seen[0]?.status).toBe('unknown')
  await seen.at(-1)?.login()
  await text(element).toBe('signedIn hello Sample User')
  await client.forget()
  await text(element).toBe('signedOut sign in')
})

test('with StrictMode, which runs everything twice, a callback is handled once', async () => {
  const client = newClient()
  await arrive(client, '/inbox')
  const before = codes()
  const onRedirect = vi.fn()
  const { element } = render(app(client, { onRedirect }))
  await text(element).toBe('signedIn hello Sample User')
  expect(onRedirect.mock.calls).toMatchObject([[{ status: 'signedIn', returnTo: '/inbox' }]])
  expect(codes()).toBe(before + 1)
  expect(seen.map(({ status }) => status)).not.toContain('signedOut')
})

test('a user who canceled needs no alarm', async () => {
  const client = newClient()
  await arriveDenied(client)
  const { element } = render(app(client))
  await text(element).toBe('signedOut sign in')
  expect(seen.at(-1)?.error).toMatchObject({ code: 'ACCESS_DENIED' })
  expect(explainError(seen.at(-1)?.error)).toBeUndefined()
})

test('a component is rendered again only if something changes', async () => {
  const client = newClient()
  const { element } = render(app(client))
  await text(element).toBe('signedOut sign in')
  await seen.at(-1)?.login()
  await text(element).toContain('signedIn')
  const renders = seen.length
  await client.getToken()
  await settled()
  expect(seen).toHaveLength(renders)
})

test('unmounting leaves no subscription', async () => {
  const client = newClient()
  const unsubscribe = vi.fn()
  const watched = {
    ...client,
    session: {
      get: client.session.get,
      subscribe: vi.fn((listener: () => void) => {
        const end = client.session.subscribe(listener)
        return () => {
          unsubscribe()
          end()
        }
      }),
    },
  }
  const { root } = render(app(watched))
  await expect.poll(() => watched.session.subscribe.mock.calls.length).toBeGreaterThan(0)
  root.unmount()
  await expect.poll(() => unsubscribe.mock.calls.length).toBe(watched.session.subscribe.mock.calls.length)
})

test('a server renders the unknown session, and the browser takes its HTML over without a complaint', async () => {
  const client = newClient()
  await client.login()
  client.session.get()
  await settled()
  vi.stubGlobal('document', undefined)
  const html = renderToString(app(client))
  vi.unstubAllGlobals()
  expect(html).toBe('<main>unknown</main>')
  const element = newElement()
  element.innerHTML = html
  const complaints: unknown[] = []
  const root = hydrateRoot(element, app(client), { onRecoverableError: (error) => complaints.push(error) })
  onTestFinished(() => root.unmount())
  await text(element).toBe('signedIn hello Sample User')
  expect(complaints).toEqual([])
})

const badOption = (message: RegExp) => [
  expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) }),
]

test('without a provider the message names it', async () => {
  const { errors } = render(createElement(Page))
  await expect.poll(() => errors).toEqual(badOption(/outside of ImsProvider. Render <ImsProvider client=\{client\}>/))
})

test('another client than before, as if it were created in a component, is refused', async () => {
  function App(): ReactNode {
    return createElement(ImsProvider, { client: newClientOfRender() }, 'app')
  }
  const clients = [newClient(), newClient()]
  let renders = 0
  const newClientOfRender = () => clients[Math.min(renders++, 1)] as LoginClient
  const { element, errors, root } = render(createElement(App))
  await text(element).toBe('app')
  root.render(createElement(App))
  await expect.poll(() => errors).toEqual(badOption(/another client already.+in a module/))
})

test('a second client in the same app is refused, the same one is not', async () => {
  const client = newClient()
  const nested = (inner: LoginClient) =>
    createElement(ImsProvider, { client }, createElement(ImsProvider, { client: inner }, createElement(Page)))
  const { errors, element } = render(nested(client))
  await text(element).toBe('signedOut sign in')
  expect(errors).toEqual([])
  const second = render(nested(newClient()))
  await expect.poll(() => second.errors).toEqual(badOption(/another client already/))
})

test('a token that is requested while a server renders is refused', async () => {
  let token: Promise<string> | undefined
  function OnServer(): ReactNode {
    token ??= useIms().getToken()
    useEffect(() => {})
    return null
  }
  vi.stubGlobal('document', undefined)
  renderToString(createElement(ImsProvider, { client: newClient() }, createElement(OnServer)))
  await expect(token).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining('only in a browser'),
  })
  vi.unstubAllGlobals()
})
