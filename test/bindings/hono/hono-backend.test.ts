import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { type AuthHandlerOptions, memoryStore } from '../../../src/adapters/worker/index.ts'
import { honoBackend } from '../../../src/bindings/hono/index.ts'
import { createVisitor, granted } from '../../worker/visitor.ts'
import { backed, callAndSignOut, day, loseSession } from '../server-setting.ts'

const origin = 'http://127.0.0.1:8787'

async function site(more: Partial<AuthHandlerOptions> = {}) {
  const made = await backed()
  const backend = honoBackend({ ...made.options, ...more })
  const app = new Hono()
    .use(async (c, next) => {
      // a middleware that reads bodies before the backend does
      if (c.req.header('content-type') === 'application/json') await c.req.json()
      return next()
    })
    .use(backend)
    .get('/', async (c) => c.text((await backend.getSession(c)) ? 'signed in' : 'signed out'))
    .get('/inbox', backend.requireSession, async (c) => {
      const { session } = c.var
      return c.text(
        `${session.user?.sub} ${(await session.getToken({ force: c.req.query('force') === 'true' })).length}`,
      )
    })
  return { ...made, app, browser: createVisitor(origin, async (url, init) => app.request(url, init)) }
}

test('signs in, gives routes the session, renews it, calls the API and signs out', async () => {
  const { browser, emulator, pass } = await site()
  expect(await (await browser.ask('/')).text()).toBe('signed out')
  expect((await browser.ask('/inbox')).status).toBe(401)
  await browser.signIn()
  expect(await (await browser.ask('/')).text()).toBe('signed in')
  expect(await (await browser.ask('/inbox')).text()).toMatch(/@\S+ \d{3,}$/)
  pass(day)
  // the cookie of the first request works for the second
  for (const path of ['/', '/inbox']) expect((await browser.ask(path)).status).toBe(200)
  expect(granted(emulator, 'refresh_token')).toBe(1)
  await callAndSignOut(browser)
})

test('sets the cookies of a renewal that the route itself asked for', async () => {
  const { browser, emulator, pass } = await site()
  await browser.signIn()
  expect((await browser.ask('/inbox?force=true')).headers.getSetCookie()).not.toEqual([])
  pass(day)
  expect((await browser.ask('/inbox')).status).toBe(200)
  expect(granted(emulator, 'refresh_token')).toBe(2)
})

test('clears the session whose refresh token was revoked, without an error', async () => {
  await loseSession(await site({ store: memoryStore() }))
})

test('is refused without what it needs', () => {
  for (const options of [undefined, {}, { sessionSecret: 'short' }])
    expect(() => honoBackend(Object(options))).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
