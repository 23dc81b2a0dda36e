import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { launchOptions } from './browser.ts'
import { asyncScript, eventually, scriptResult } from './driven-browser.ts'

type Where = 'seen' | 'prerendered'

/** A tab of a Chromium that prerenders, which it does not for a driver of pages: this one drives tabs. */
export interface PrerenderingTab {
  /** Loads `url` in place of the page that is there. */
  open(url: string): Promise<void>
  /** What `body`, the body of an async function, returns in the visible page, or in the prerendered one. */
  run<T>(body: string, where?: Where): Promise<T>
  close(): Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly sessionId: string
    readonly targetInfo: { readonly targetId: string; readonly type: string; readonly subtype?: string }
  }
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Opens one in a browser and a profile of its own. */
export async function openPrerenderingTab(): Promise<PrerenderingTab> {
  const profile = mkdtempSync(join(tmpdir(), 'imskit-chromium-'))
  const { executablePath, args } = launchOptions([])
  const own = ['--headless', '--remote-debugging-pipe', '--no-first-run', `--user-data-dir=${profile}`]
  const browser = spawn(executablePath, [...args, ...own, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = once(browser, 'exit')
  const pages = new Map<string, { session: string; prerendered: boolean }>()
  const current = (where: Where) =>
    [...pages.values()].findLast(({ prerendered }) => prerendered === (where === 'prerendered'))?.session
  const { send, giveUp } = commandsOver(browser.stdio[3] as Writable, browser.stdio[4] as Readable, (message) => {
    const { method, params } = message
    if (params?.targetInfo?.type !== 'page') return
    const { targetId, subtype } = params.targetInfo
    const session = method === 'Target.attachedToTarget' ? params.sessionId : pages.get(targetId)?.session
    if (session === undefined) return
    pages.set(targetId, { session, prerendered: subtype === 'prerender' })
    // a page that another has taken the place of may be kept as it is, and answers no more
    for (const { session, prerendered } of pages.values())
      if (!prerendered && session !== current('seen')) giveUp(session)
  })
  const filter = [{}]
  const { targetInfos } = await send<{ targetInfos: { targetId: string; type: string }[] }>('Target.getTargets', {
    filter,
  })
  const { targetId } = targetInfos.find(({ type }) => type === 'tab') ?? {}
  const { sessionId: tab } = await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
  await send('Target.setDiscoverTargets', { discover: true, filter })
  await send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true, filter }, tab)
  const page = (where: Where) =>
    eventually(async () => {
      const session = current(where)
      if (session === undefined) throw new Error(`no page is ${where}`)
      return session
    })
  return {
    async open(url) {
      await send('Page.navigate', { url }, await page('seen'))
    },
    async run<T>(body: string, where: Where = 'seen') {
      const expression = `new Promise((done) => ((...arguments) => { ${asyncScript(body)} })(done))`
      const asked = { expression, awaitPromise: true, returnByValue: true }
      type Answer = { result: { value: { ok: T; error?: string } } }
      return scriptResult((await send<Answer>('Runtime.evaluate', asked, await page(where))).result.value)
    },
    async close() {
      browser.kill()
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Sends the commands of the DevTools protocol, each a JSON text that a NUL ends; `giveUp` those that a session still owes. */
function commandsOver(input: Writable, output: Readable, hear: (message: Message) => void) {
  const waiting = new Map<number, { readonly sessionId: string | undefined; settle(message: Message): void }>()
  let last = 0
  let rest = ''
  const settle = (id: number, message: Message) => {
    const command = waiting.get(id)
    waiting.delete(id)
    command?.settle(message)
  }
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const texts = (rest + chunk).split('\0')
    rest = texts.pop() ?? ''
    for (const message of texts.map((text): Message => JSON.parse(text))) {
      if (message.id === undefined) hear(message)
      else settle(message.id, message)
    }
  })
  return {
    send: <Result>(method: string, params: object, sessionId?: string) =>
      new Promise<Result>((resolve, reject) => {
        const id = ++last
        waiting.set(id, {
          sessionId,
          settle({ error, result }) {
            if (error === undefined) resolve(result as Result)
            else reject(new Error(`${method}: ${error.message}`))
          },
        })
        input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
      }),
    giveUp(sessionId: string) {
      for (const [id, command] of waiting)
        if (command.sessionId === sessionId) settle(id, { error: { message: 'the page is gone' } })
    },
  }
}
