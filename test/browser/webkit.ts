import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { asyncScript, type DrivenBrowser, eventually, scriptResult } from './driven-browser.ts'
import { freePort } from './ims.ts'

const driver = '/usr/bin/WebKitWebDriver'
const miniBrowser = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'
const display = '/usr/bin/Xvfb'

export const webKitIsHere = [driver, miniBrowser, display].every((file) => existsSync(file))

/** Starts a WebKit on a screen of its own. */
export async function startWebKit(): Promise<DrivenBrowser> {
  const port = await freePort()
  const screen = `:${port}`
  const processes = [
    spawn(display, [screen, '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], { stdio: 'ignore' }),
    spawn(driver, [`--port=${port}`], { stdio: 'ignore', env: { ...process.env, DISPLAY: screen } }),
  ]
  const base = `http://127.0.0.1:${port}`
  await eventually(() => send('GET', `${base}/status`))
  const browser = { binary: miniBrowser, args: ['--automation'] }
  const capabilities = { alwaysMatch: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': browser } }
  const { sessionId } = await send<{ sessionId: string }>('POST', `${base}/session`, { capabilities })
  const session = `${base}/session/${sessionId}`
  await send('POST', `${session}/timeouts`, { script: 15_000, pageLoad: 15_000 })
  return {
    async newTab() {
      const { handle } = await send<{ handle: string }>('POST', `${session}/window/new`, { type: 'tab' })
      const here = () => send('POST', `${session}/window`, { handle })
      return {
        async open(url) {
          await here()
          await send('POST', `${session}/url`, { url })
        },
        async click() {
          await here()
          const found = await send<Record<string, string>>('POST', `${session}/element`, {
            using: 'css selector',
            value: 'button',
          })
          await send('POST', `${session}/element/${Object.values(found)[0]}/click`, {})
        },
        async run<T>(body: string) {
          await here()
          const asked = { script: asyncScript(body), args: [] }
          return scriptResult(await send<{ ok: T; error?: string }>('POST', `${session}/execute/async`, asked))
        },
      }
    },
    async close() {
      await send('DELETE', session).catch(() => {})
      for (const each of processes.reverse()) each.kill()
    },
  }
}

async function send<T = unknown>(method: string, url: string, body?: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } }
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`)
  return value
}
