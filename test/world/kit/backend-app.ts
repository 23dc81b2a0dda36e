import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Page } from 'playwright'
import { expect, onTestFinished } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../../src/emulator/index.ts'
import { freePort } from '../../browser/ims.ts'
import { outputOf } from '../../kit/output.ts'
import { newPlace } from '../../kit/place.ts'

// an app of a framework whose server has the sessions of its users, and what all of them must survive

/** How the built app is started. */
export interface AppServer {
  /** The arguments of Node. */
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

export interface BackendApp {
  /** The address in the browser. */
  readonly origin: string
  readonly emulator: RunningEmulator
  /** Starts the server again, with a clock that is ahead by `later` ms. */
  restart(later?: number): Promise<void>
  /** How many refresh tokens were redeemed, and how many attempts were refused. */
  refreshes(): number
}

const later = pathToFileURL(fileURLToPath(new URL('../fixtures/later.mjs', import.meta.url))).href
/** After it, an access token has expired. */
export const day = 24 * 3_600_000

/** The variables that the apps read. */
function variables({ contexts }: RunningEmulator, origin: string): Record<string, string> {
  const { client_id, client_secret, endpoint } = contexts.oauth
  return {
    IMS_CLIENT_ID: client_id,
    IMS_CLIENT_SECRET: client_secret,
    IMS_ENDPOINT: endpoint,
    API_URL: `${endpoint}/api/echo`,
    ORIGIN: origin,
    SESSION_SECRET: randomBytes(48).toString('base64'),
    INSECURE: 'true',
  }
}

/** Runs an app next to an IMS of its own until the test ends. */
export async function runApp(server: AppServer): Promise<BackendApp> {
  const emulator = await startEmulator()
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const { env } = newPlace({
    ...variables(emulator, origin),
    ...server.env,
    NODE_ENV: 'production',
    HOST: 'localhost',
    HOSTNAME: 'localhost',
    PORT: String(port),
    NODE_OPTIONS: `--import ${later}`,
  })
  let stop = async () => {}
  onTestFinished(async () => {
    await stop()
    await emulator.close()
  })
  const app: BackendApp = {
    origin,
    emulator,
    async restart(ahead = 0) {
      await stop()
      const options = { cwd: server.cwd, env: { ...env, LATER: String(ahead) } }
      const child = spawn(process.execPath, [...server.args], options)
      const exited = once(child, 'exit')
      stop = async () => {
        child.kill('SIGKILL')
        await exited
      }
      const { printed } = outputOf(child, exited)
      const answers = () => fetch(`${origin}/auth/session`).then(({ status }) => status, String)
      await expect.poll(answers, { timeout: 30_000, message: JSON.stringify(printed) }).toBe(200)
    },
    refreshes: () => emulator.requests.filter(({ params }) => params.grant_type === 'refresh_token').length,
  }
  await app.restart()
  return app
}

/** Signs in as a user does, from the app's first page. */
export async function signIn(page: Page, { origin }: BackendApp): Promise<void> {
  await page.goto(origin)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
  await page.getByText('You are signed in as user@example.com').waitFor()
}

/** What pages and calls of the API answer that the browser requests at the same time. */
export function parallelCalls(page: Page): Promise<readonly string[]> {
  return page.evaluate(async () => {
    const get = async (path: string) => {
      const response = await fetch(path)
      const text = await response.text()
      const shows = path === '/' ? 'user@example.com' : 'emulator-web-app'
      return `${path} ${response.status} ${text.includes(shows) ? 'for the user' : text.slice(0, 300)}`
    }
    return Promise.all(['/', '/api/echo', '/', '/api/echo', '/', '/api/echo', '/', '/api/echo'].map(get))
  })
}

const expected = Array.from({ length: 4 }, () => ['/ 200 for the user', '/api/echo 200 for the user']).flat()

/** A user signs in; the token expires; the server is restarted twice; the user signs out. */
export async function surviveRestarts(page: Page, app: BackendApp): Promise<void> {
  await signIn(page, app)
  expect(await parallelCalls(page)).toEqual(expected)
  expect(app.refreshes()).toBe(0)

  app.emulator.setTime(Date.now() + day)
  await app.restart(day)
  expect(await parallelCalls(page)).toEqual(expected)
  expect(app.refreshes()).toBe(1)

  await app.restart(day)
  expect(await parallelCalls(page)).toEqual(expected)
  await page.reload()
  await page.getByText('You are signed in as user@example.com').waitFor()
  expect(app.refreshes()).toBe(1)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
  expect(await page.evaluate(() => fetch('/api/echo').then(({ status }) => status))).toBe(401)
  expect((await page.context().cookies()).filter(({ name }) => name.startsWith('imskit-session'))).toEqual([])
}
