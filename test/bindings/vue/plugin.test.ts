// @vitest-environment happy-dom
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createApp, createSSRApp, defineComponent, nextTick } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createMemoryHistory, createRouter, createWebHashHistory, createWebHistory, type Router } from 'vue-router'
import { createIms, useIms, type VueUserSession } from '../../../src/bindings/vue/index.ts'
import type { LoginClient } from '../../../src/core/index.ts'
import { settled } from '../../core/setting.ts'
import { arrive, newClient } from '../app.ts'

beforeEach(() => history.replaceState(null, '', '/'))

let ims: VueUserSession
const Page = defineComponent({
  setup() {
    ims = useIms()
    const { status, claims } = ims
    return () => `${status.value} ${claims.value?.name ?? ''}`
  },
})

const text = (element: Element) => expect.poll(() => element.textContent)

function mount(client: LoginClient, options: Parameters<typeof createIms>[1] = {}) {
  const app = createApp(Page).use(createIms(client, options))
  const element = document.createElement('div')
  app.mount(element)
  onTestFinished(() => app.unmount())
  return { app, element }
}

const empty = { render: () => null }
function newRouter(history: Parameters<typeof createRouter>[0]['history']): Router {
  const router = createRouter({ history, routes: [{ path: '/:rest(.*)*', component: empty }] })
  onTestFinished(() => history.destroy())
  return router
}

test('components follow the session', async () => {
  const client = newClient()
  const { element } = mount(client)
  expect(element.textContent).toBe('unknown ')
  await text(element).toBe('signedOut ')
  await ims.login()
  await text(element).toBe('signedIn Sample User')
  expect(ims.expiresAt.value).toBeGreaterThan(Date.now())
  await client.forget()
  await text(element).toBe('signedOut ')
})

test('components follow the session in an app of Vue 3.3, which cannot be asked when it is unmounted', async () => {
  const app = createApp(Page)
  Object.assign(app, { onUnmount: undefined })
  const element = document.createElement('div')
  app.use(createIms(newClient())).mount(element)
  onTestFinished(() => app.unmount())
  await text(element).toBe('signedOut ')
})

test('the app that is unmounted leaves no subscription', async () => {
  const client = newClient()
  const unsubscribe = vi.fn()
  const session = { get: client.session.get, subscribe: () => unsubscribe }
  const { app } = mount({ ...client, session })
  app.unmount()
  expect(unsubscribe).toHaveBeenCalledOnce()
  await settled()
})

describe('with a router, a callback', () => {
  test('is handled after its first navigation, and the router navigates back', async () => {
    const client = newClient()
    await arrive(client, '/inbox?page=2#part')
    const router = newRouter(createWebHistory())
    let ready = false
    const handleRedirect: LoginClient['handleRedirect'] = () => {
      ready = router.currentRoute.value.path === '/callback'
      return client.handleRedirect()
    }
    const app = createApp(Page)
      .use(createIms({ ...client, handleRedirect }, { router }))
      .use(router)
    onTestFinished(() => app.unmount())
    const element = document.createElement('div')
    app.mount(element)
    await text(element).toBe('signedIn Sample User')
    expect(ready).toBe(true)
    expect(router.currentRoute.value.fullPath).toBe('/inbox?page=2#part')
    expect(location.href).toBe('http://localhost:3000/inbox?page=2#part')
  })

  test.each([
    ['/', '/callback', undefined],
    ['/app', '/inbox', '/app/inbox'],
    ['/app/', '/', '/app'],
  ])('leaves no code in the route: base %s, to %s', async (base, path, returnTo) => {
    const client = newClient()
    await arrive(client, returnTo)
    if (base !== '/') history.replaceState(null, '', `${base.replace(/\/$/, '')}${location.pathname}${location.search}`)
    const router = newRouter(createWebHistory(base))
    const options = { router }
    const app = createApp(Page)
      .use(createIms(wherever(client), options))
      .use(router)
    onTestFinished(() => app.unmount())
    app.mount(document.createElement('div'))
    await expect.poll(() => location.search).toBe('')
    await expect.poll(() => router.currentRoute.value.fullPath).toBe(path)
  })

  test('to an address outside of the app of the router is left to the browser', async () => {
    const client = newClient()
    await arrive(client, '/application')
    const replace = vi.spyOn(location, 'replace').mockImplementation(() => {})
    history.replaceState(null, '', `/app/callback${location.search}`)
    const router = newRouter(createWebHistory('/app'))
    const app = createApp(Page)
      .use(createIms(wherever(client), { router }))
      .use(router)
    onTestFinished(() => app.unmount())
    app.mount(document.createElement('div'))
    await expect.poll(() => replace.mock.calls).toEqual([['http://localhost:3000/application']])
    replace.mockRestore()
  })

  test('to a fragment is left to the browser too, which reloads nothing for it', async () => {
    const client = newClient()
    await arrive(client, '/callback#/inbox')
    const replace = vi.spyOn(location, 'replace').mockImplementation(() => {})
    const router = newRouter(createWebHashHistory())
    const app = createApp(Page).use(createIms(client, { router })).use(router)
    onTestFinished(() => app.unmount())
    app.mount(document.createElement('div'))
    await expect.poll(() => replace.mock.calls).toEqual([['http://localhost:3000/callback#/inbox']])
    replace.mockRestore()
  })

  test('is handled although its first navigation fails', async () => {
    const client = newClient()
    await arrive(client)
    const router = newRouter(createWebHistory())
    router.beforeEach(() => {
      throw new Error('of a guard')
    })
    router.onError(() => {})
    const app = createApp(Page).use(createIms(client, { router, onRedirect: () => {} }))
    const element = document.createElement('div')
    app.mount(element)
    onTestFinished(() => app.unmount())
    await router.push('/x').catch(() => {})
    await text(element).toBe('signedIn Sample User')
  })

  test('is passed to the app', async () => {
    const client = newClient()
    await arrive(client, '/inbox')
    const onRedirect = vi.fn()
    mount(client, { onRedirect })
    await expect.poll(() => onRedirect.mock.calls).toMatchObject([[{ status: 'signedIn', returnTo: '/inbox' }]])
  })
})

/** Finishes the login of `client` though the app is served below another path. */
function wherever(client: LoginClient): LoginClient {
  return {
    ...client,
    async handleRedirect() {
      const { pathname, search } = location
      history.replaceState(history.state, '', `/callback${search}`)
      const result = await client.handleRedirect()
      history.replaceState(history.state, '', pathname)
      return result
    },
  }
}

test('a server renders the unknown session', async () => {
  const router = newRouter(createMemoryHistory())
  vi.stubGlobal('document', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const app = createSSRApp(Page).use(createIms(newClient(), { router }))
  expect(await renderToString(app)).toBe('unknown ')
  await expect(ims.getToken()).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('the browser takes the HTML of a server over without a complaint', async () => {
  const client = newClient()
  await client.login()
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const element = document.createElement('div')
  element.innerHTML = 'unknown '
  const app = createSSRApp(Page).use(createIms(client))
  app.mount(element)
  onTestFinished(() => app.unmount())
  await text(element).toBe('signedIn Sample User')
  await nextTick()
  expect(warn).not.toHaveBeenCalled()
  warn.mockRestore()
})

describe('is refused', () => {
  const badOption = (message: RegExp) =>
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) })

  test('useIms without the plug-in, and outside of setup', () => {
    const app = createApp(Page)
    app.config.warnHandler = () => {}
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(() => app.mount(document.createElement('div'))).toThrow(badOption(/app\.use\(createIms\(client\)\)/))
    expect(() => useIms()).toThrow(badOption(/useIms\(\) works only in setup/))
    vi.restoreAllMocks()
  })

  test('a second client; the same one again is not', () => {
    const client = newClient()
    const app = createApp(Page).use(createIms(client))
    app.use(createIms(client))
    expect(() => app.use(createIms(newClient()))).toThrow(badOption(/another client already/))
  })

  test('an option that does not exist, and something else than a client', () => {
    expect(() => createIms(newClient(), { Router: 1 } as object)).toThrow(badOption(/did you mean 'router'/))
    expect(() => createIms({} as LoginClient)).toThrow(badOption(/authorizationCode/))
  })
})
