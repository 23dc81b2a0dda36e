import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium as playwright } from 'playwright'
import type { DrivenBrowser } from '../../browser/driven-browser.ts'
import { startFirefox } from '../../browser/firefox.ts'
import { startWebKit } from '../../browser/webkit.ts'
import type { Project } from './project.ts'
import type { CaseResult, Runtime } from './runtime.ts'
import { startServices } from './services.ts'

const limit = 180_000

/** What is asked of the page, until it is done. */
const progress = 'return { agent: navigator.userAgent, ...(window.conformance ?? { results: [], done: false }) }'
interface Progress {
  readonly agent: string
  readonly done: boolean
  readonly results: readonly CaseResult[]
}

function browser(name: string, version: RegExp, start: () => Promise<DrivenBrowser>): Runtime {
  return {
    name,
    async run(project) {
      const site = await startSite(project)
      const services = await startServices(site.origin)
      site.setting = { ...services.setting, entry: site.entry }
      const driven = await start()
      try {
        const tab = await driven.newTab()
        await tab.open(`${site.origin}/`)
        for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 200))) {
          const { agent, done, results } = await tab.run<Progress>(progress)
          if (done) return { version: version.exec(agent)?.[1] ?? agent, results }
          if (Date.now() - began > limit) throw new Error(`not done after ${limit} ms; ${results.length} cases are`)
        }
      } finally {
        await driven.close()
        await services.close()
        site.close()
      }
    },
  }
}

async function startSite(project: Project) {
  const { code, entry } = await project.bundle('page', ['browser'])
  const page =
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'
  const site = { entry, setting: {} as object, origin: '', close: () => {} }
  const server = createServer(({ url }, response) => {
    const [type, body] =
      url === '/page.js'
        ? ['text/javascript', code]
        : url === '/setting.json'
          ? ['application/json', JSON.stringify(site.setting)]
          : ['text/html', page]
    response.setHeader('content-type', type).end(body)
  }).listen(0, 'localhost')
  await once(server, 'listening')
  site.origin = `http://localhost:${(server.address() as AddressInfo).port}`
  site.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return site
}

async function startChromium(): Promise<DrivenBrowser> {
  const started = await playwright.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--in-process-gpu'],
  })
  return {
    async newTab() {
      const page = await started.newPage()
      return {
        open: async (url) => void (await page.goto(url)),
        click: () => page.click('button'),
        run: <T>(body: string) => page.evaluate(`(async () => { ${body} })()`) as Promise<T>,
      }
    },
    close: () => started.close(),
  }
}

export const chromium: Runtime = browser('Chromium', /Chrome\/([\d.]+)/, startChromium)
export const firefox: Runtime = browser('Firefox', /Firefox\/([\d.]+)/, startFirefox)
export const webkit: Runtime = browser('WebKit', /AppleWebKit\/([\d.]+)/, startWebKit)
