import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { useBrowser } from '../browser/browser.ts'
import { blocksOf } from '../docs/blocks.ts'
import { root } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { day, runApp, signIn, surviveRestarts } from './kit/backend-app.ts'
import { useFramework } from './kit/installed.ts'

// examples/next-app, built for production; its standalone server is run in Chromium

const project = useFramework('next')
const newContext = useBrowser()
const server = () => ({ args: ['server.js'], cwd: join(project(), '.next/standalone') })

/** A route that only this test has. */
const sameSession = `
  import { getSession } from '../../auth'
  export async function GET(request) {
    const [one, other] = await Promise.all([getSession(), getSession()])
    return Response.json({ user: one?.user, same: one === other, cookie: request.headers.get('cookie') })
  }`

test('the app builds without the variables of its credential, and without a warning', async () => {
  for (const name of ['app', 'auth.js', 'proxy.js', 'next.config.mjs'])
    cpSync(join(root, 'examples/next-app', name), join(project(), name), { recursive: true })
  mkdirSync(join(project(), 'app/same'))
  writeFileSync(join(project(), 'app/same/route.js'), sameSession)
  const args = [join(project(), 'node_modules/next/dist/bin/next'), 'build']
  const env = { ...newPlace().env, NEXT_TELEMETRY_DISABLED: '1' }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: project(), env })
  expect(stderr).not.toMatch(/warn|error|⚠|Date\.now/i)
  // rendered at build time, except for what depends on the user
  expect(stdout).toMatch(/◐ \/\n/)
  cpSync(join(project(), '.next/static'), join(server().cwd, '.next/static'), { recursive: true })
})

test('parallel server components and API calls redeem one refresh token, and no restart signs a user out', async () => {
  const app = await runApp(server())
  await surviveRestarts(await (await newContext()).newPage(), app)
})

test('a page that was rendered at build time renews the session, and no cache may store its cookies', async () => {
  const app = await runApp(server())
  const context = await newContext()
  const page = await context.newPage()
  await signIn(page, app)
  const about = await page.goto(`${app.origin}/about`)
  expect(about?.headers()['cache-control']).toContain('s-maxage')
  expect(about?.headers()['set-cookie']).toBeUndefined()

  app.emulator.setTime(Date.now() + day)
  await app.restart(day)
  const later = await page.goto(`${app.origin}/about`)
  expect(await later?.headerValue('set-cookie')).toContain('imskit-session=')
  expect(later?.headers()['cache-control']).toBe('private, no-store')
  expect(app.refreshes()).toBe(1)

  app.emulator.setTime(Date.now() + 2 * day)
  await app.restart(2 * day)
  const same = await page.goto(`${app.origin}/same`)
  const { cookie, ...session } = JSON.parse((await same?.text()) ?? '')
  // the code behind the proxy has the cookie that the browser gets, and two of its calls get one session
  const [renewed = ''] = (await same?.headerValue('set-cookie'))?.split(';') ?? []
  expect(renewed).toMatch(/^imskit-session=./)
  expect(cookie).toContain(renewed)
  expect(session).toMatchObject({ user: { email: 'user@example.com' }, same: true })
  expect(app.refreshes()).toBe(2)
})

test('a user whose refresh token IMS refuses is signed out, without an error', async () => {
  const app = await runApp(server())
  const page = await (await newContext()).newPage()
  await signIn(page, app)
  app.emulator.setTime(Date.now() + day)
  app.emulator.fault({ path: '/ims/token/v3', status: 400, body: { error: 'invalid_grant' }, times: 100 })
  await app.restart(day)
  const statuses = new Set<number>()
  const status = async () => {
    const found = await page.evaluate(() => fetch('/api/echo').then((response) => response.status))
    statuses.add(found)
    return found
  }
  // the browser may have a newer cookie, and has five seconds to send it
  await expect.poll(status, { timeout: 30_000 }).toBe(401)
  expect([...statuses]).toEqual([503, 401])
  expect((await page.goto(app.origin))?.status()).toBe(200)
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
})

test('an outage of IMS signs no user out, and pages without a session still work', async () => {
  const app = await runApp(server())
  const context = await newContext()
  const page = await context.newPage()
  await signIn(page, app)
  app.emulator.setTime(Date.now() + day)
  app.emulator.fault({ path: '/ims/token/v3', status: 503, times: 4 })
  await app.restart(day)
  expect((await page.goto(`${app.origin}/about`))?.status()).toBe(200)
  await expect
    .poll(async () => (await page.goto(app.origin)) && page.getByText('user@example.com').isVisible(), {
      timeout: 60_000,
    })
    .toBe(true)
})

test('docs/next.md has the files of the example', () => {
  const files = new Map(
    blocksOf('docs/next.md').map(({ words, code }) => [words.find((word) => /^file=/.test(word)), code]),
  )
  for (const name of ['proxy.js', 'app/auth/[...ims]/route.js'])
    expect(files.get(`file=${name}`)).toBe(readFileSync(join(root, 'examples/next-app', name), 'utf8').trimEnd())
})
