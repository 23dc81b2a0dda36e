import express from 'express'
import { expect, test } from 'vitest'
import { type AuthHandlerOptions, memoryStore } from '../../../src/adapters/worker/index.ts'
import { expressBackend, sessionOf } from '../../../src/bindings/express/index.ts'
import { sendLines, serve } from '../../worker/to-node/serve.ts'
import { createVisitor, granted } from '../../worker/visitor.ts'
import { backed, callAndSignOut, day, loseSession } from '../server-setting.ts'

async function site(more: Partial<AuthHandlerOptions> = {}) {
  const made = await backed()
  const backend = expressBackend({ ...made.options, ...more })
  const app = express()
  app.use(express.json(), (_, res, next) => {
    res.cookie('theme', 'dark')
    next()
  })
  app.use(backend)
  app.get('/', async (req, res) => void res.send((await backend.getSession(req, res)) ? 'signed in' : 'signed out'))
  app.get('/inbox', backend.requireSession, async (req, res) => {
    const session = sessionOf(req)
    res.send(`${session.user?.sub} ${(await session.getToken()).length}`)
  })
  const origin = await serve(app)
  return { ...made, origin, browser: createVisitor(origin) }
}

test('signs in, gives routes the session, renews it, calls the API and signs out', async () => {
  const { browser, emulator, origin, pass } = await site()
  expect(await (await browser.ask('/')).text()).toBe('signed out')
  expect((await browser.ask('/inbox')).status).toBe(401)
  const page = await sendLines(origin, 'GET /inbox HTTP/1.1', 'Host: 127.0.0.1', 'Accept: text/html')
  expect(page).toMatch(/^HTTP\/1\.1 302 [\s\S]*\nlocation: \/auth\/login\?returnTo=%2Finbox\r/i)
  await browser.signIn()
  expect(await (await browser.ask('/')).text()).toBe('signed in')
  expect(await (await browser.ask('/inbox')).text()).toMatch(/@\S+ \d{3,}$/)
  pass(day)
  const renewed = await browser.ask('/')
  expect(renewed.headers.getSetCookie()[0]).toMatch(/^theme=dark/)
  expect(renewed.headers.getSetCookie().length).toBeGreaterThan(1)
  expect((await browser.ask('/inbox')).status).toBe(200)
  expect(granted(emulator, 'refresh_token')).toBe(1)
  await callAndSignOut(browser)
})

test('clears the session whose refresh token was revoked, without an error', async () => {
  await loseSession(await site({ store: memoryStore() }))
})

test('is refused without what it needs, and so is a route that needs no session', async () => {
  const badOption = expect.objectContaining({ code: 'BAD_OPTION' })
  for (const options of [undefined, {}, { sessionSecret: 'short' }])
    expect(() => expressBackend(Object(options))).toThrow(badOption)
  for (const request of [{}, Object(undefined)]) expect(() => sessionOf(request)).toThrow(badOption)
  const { options } = await backed()
  await expect(expressBackend(options).getSession(Object({}), Object({}))).rejects.toThrow(badOption)
})
