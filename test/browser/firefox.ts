import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncScript, type DrivenBrowser, eventually, scriptResult } from './driven-browser.ts'
import { freePort } from './ims.ts'

const firefox = process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr'

export const firefoxIsHere = existsSync(firefox)

/** Starts a Firefox with a new profile, driven by its own protocol (Marionette), which needs no driver in between. */
export async function startFirefox(): Promise<DrivenBrowser> {
  const port = await freePort()
  const profile = mkdtempSync(join(tmpdir(), 'imskit-firefox-'))
  writeFileSync(join(profile, 'user.js'), `user_pref('marionette.port', ${port});\n`)
  const args = ['--headless', '--marionette', '--no-remote', '--profile', profile]
  const browser = spawn(firefox, args, { stdio: 'ignore', env: { ...process.env, HOME: profile } })
  const ended = once(browser, 'exit')
  const send = commandsOver(await eventually(() => dial(port)))
  await send('WebDriver:NewSession', {})
  await send('WebDriver:SetTimeouts', { script: 15_000, pageLoad: 15_000 })
  return {
    async newTab() {
      const { handle } = await send<{ handle: string }>('WebDriver:NewWindow', { type: 'tab' })
      const here = () => send('WebDriver:SwitchToWindow', { handle, focus: true })
      return {
        async open(url) {
          await here()
          await send('WebDriver:Navigate', { url })
        },
        async click() {
          await here()
          const found = await send<{ value: Record<string, string> }>('WebDriver:FindElement', {
            using: 'css selector',
            value: 'button',
          })
          await send('WebDriver:ElementClick', { id: Object.values(found.value)[0] })
        },
        async run<T>(body: string) {
          await here()
          // in the page's own realm
          const asked = { script: asyncScript(body), args: [], sandbox: null }
          const { value } = await send<{ value: { ok: T; error?: string } }>('WebDriver:ExecuteAsyncScript', asked)
          return scriptResult(value)
        },
      }
    },
    async close() {
      await send('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => browser.kill())
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Messages are JSON after their length in bytes and a colon; the first is the greeting, any other an answer. */
function commandsOver(socket: Socket): <T>(name: string, parameters: object) => Promise<T> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let received = Buffer.alloc(0)
  let count = 0
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    for (;;) {
      const colon = received.indexOf(':')
      const end = colon + 1 + Number(received.subarray(0, colon).toString())
      if (colon < 0 || received.length < end) return
      const message: unknown = JSON.parse(received.subarray(colon + 1, end).toString())
      received = received.subarray(end)
      if (!Array.isArray(message)) continue
      const [, id, error, result] = message
      if (error === null) waiting.get(id)?.resolve(result as never)
      else waiting.get(id)?.reject(new Error(`${error.error}: ${error.message}`))
      waiting.delete(id)
    }
  })
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox is gone'))
  })
  return (name, parameters) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify([0, ++count, name, parameters])
      waiting.set(count, { resolve, reject })
      socket.write(`${Buffer.byteLength(text)}:${text}`)
    })
}
