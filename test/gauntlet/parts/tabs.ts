import { setTimeout as sleep } from 'node:timers/promises'
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright'
import { launchOptions } from '../faults/chromium.ts'
import { heard, type Report, searchSecrets } from '../judge/reports.ts'
import { actorOf, example, openInterval, scopeOf } from '../judge/state.ts'
import type { Front } from '../server/front.ts'
import type { Site } from '../server/site.ts'
import type { PageConfig } from './page.ts'
import { aWhile, oneOf, type Part, quietly, type Setting, visit } from './part.ts'

interface Tab {
  readonly actor: string
  readonly page: Page
  readonly devtools: CDPSession
  waiting: number
  /** Ends the freeze or the outage that it is in. */
  restore?: (() => Promise<void>) | undefined
}

interface State extends Setting {
  readonly context: BrowserContext
  readonly count: number
  readonly longestFreeze: number
  readonly tabs: Map<number, Tab>
  readonly incarnations: Map<number, number>
  closed: boolean
}

const name = 'tabs'

/** Tabs of one browser profile. */
export async function startTabs(
  setting: Setting & { readonly site: Site },
  { count, longestFreeze }: { count: number; longestFreeze: number },
): Promise<Part> {
  const browser = await chromium.launch(launchOptions)
  const context = await browser.newContext()
  context.setDefaultTimeout(30_000)
  const { site, judge, fronts } = setting
  const redirectUri = `${site.origin}/callback`
  site.configure('page', {
    pause: 400,
    servers: fronts.map(({ engine, url }) => ({ ...engine, endpoint: url, redirectUri })),
  } satisfies PageConfig)
  const state: State = {
    ...setting,
    context,
    count,
    longestFreeze,
    tabs: new Map(),
    incarnations: new Map(),
    closed: false,
  }
  await context.exposeFunction('gauntletReport', (actor: string, report: Report) => {
    if (report.kind === 'status')
      for (const tab of state.tabs.values()) if (tab.actor === actor) tab.waiting = report.waiting
    heard(judge, actor, report)
  })
  await Promise.all(Array.from({ length: count }, (_, slot) => openTab(state, slot)))
  return {
    name,
    omitted: [],
    countsHandles: true,
    disturb: (gentle) => disturb(state, gentle),
    signIn: (front) => signIn(state, front, redirectUri),
    kill: (actor) => {
      const slot = [...state.tabs].find(([, tab]) => tab.actor === actor)?.[0]
      if (slot !== undefined) void takeAway(state, slot, 'closed')
    },
    async calm() {
      await Promise.all([...state.tabs.values()].map((tab) => tab.restore?.()))
      for (let slot = 0; slot < count; slot++) if (!state.tabs.has(slot)) await openTab(state, slot)
    },
    waiting: () => Math.max(0, ...[...state.tabs.values()].map(({ waiting }) => waiting)),
    async end() {
      state.closed = true
      await Promise.all([...state.tabs.values()].map((tab) => closeClients(state, tab)))
      await browser.close()
    },
  }
}

async function openTab(state: State, slot: number): Promise<void> {
  if (state.closed || state.tabs.has(slot)) return
  const incarnation = state.incarnations.get(slot) ?? 0
  state.incarnations.set(slot, incarnation + 1)
  const actor = `${name}-${slot}.${incarnation}`
  const page = await state.context.newPage()
  const tab: Tab = { actor, page, devtools: await state.context.newCDPSession(page), waiting: 0 }
  state.tabs.set(slot, tab)
  page.on('crash', () => void takeAway(state, slot, 'crashed', tab))
  const scope = scopeOf(state.judge, `${name}@${state.fronts[0]?.engine.name}`)
  page.on('console', (message) => searchSecrets(state.judge, scope, message.text()))
  page.on('pageerror', (error) => searchSecrets(state.judge, scope, String(error.stack)))
  await page.goto(`${state.origin}/page#${actor}`).catch(() => {})
}

/** The tab is gone, and another takes its place. */
async function takeAway(state: State, slot: number, why: string, crashed?: Tab): Promise<void> {
  const tab = state.tabs.get(slot)
  if (tab === undefined || (crashed !== undefined && crashed !== tab)) return
  actorOf(state.judge, tab.actor).gone ??= { at: Date.now(), why }
  state.tabs.delete(slot)
  await tab.page.close().catch(() => {})
  await openTab(state, slot).catch(() => state.tabs.delete(slot))
}

async function disturb(state: State, gentle: boolean): Promise<void> {
  const slot = Math.floor(Math.random() * state.count)
  const tab = state.tabs.get(slot)
  if (tab === undefined) return openTab(state, slot).catch(() => {})
  if (tab.restore !== undefined) return
  const dice = Math.random()
  if (dice < 0.35) return freeze(state, tab)
  const act = () => {
    if (dice < 0.6) return goOffline(state, tab)
    if (dice < 0.85) return takeAway(state, slot, 'closed')
    actorOf(state.judge, tab.actor).gone = { at: Date.now(), why: 'crashed' }
    // never answered
    tab.devtools.send('Page.crash').catch(() => {})
    return sleep(300).then(() => takeAway(state, slot, 'crashed', tab))
  }
  if (gentle) await quietly(state.fronts, act)
  else await act()
}

async function freeze(state: State, tab: Tab): Promise<void> {
  const set = (value: 'active' | 'frozen') =>
    tab.devtools.send('Page.setWebLifecycleState', { state: value }).catch(() => {})
  const close = openInterval(actorOf(state.judge, tab.actor).stopped)
  restoreLater(tab, aWhile(state.longestFreeze), async () => {
    await set('active')
    close()
  })
  await set('frozen')
}

async function goOffline(state: State, tab: Tab): Promise<void> {
  const emulate = (offline: boolean) =>
    tab.devtools
      .send('Network.emulateNetworkConditions', { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
      .catch(() => {})
  const close = openInterval(actorOf(state.judge, tab.actor).offline)
  restoreLater(tab, aWhile(8_000), async () => {
    await emulate(false)
    close()
  })
  await emulate(true)
}

function restoreLater(tab: Tab, ms: number, restore: () => Promise<void>): void {
  const once = async () => {
    if (tab.restore !== once) return
    tab.restore = undefined
    await restore()
  }
  tab.restore = once
  setTimeout(once, ms).unref()
}

async function signIn(state: State, { engine }: Front, redirectUri: string): Promise<void> {
  const tab = oneOf([...state.tabs.values()].filter(({ restore }) => restore === undefined))
  if (tab === undefined) return
  const { page } = tab
  await page.waitForFunction(() => window.gauntlet !== undefined)
  const url = await page.evaluate((server) => window.gauntlet.startLogin(server), engine.name)
  const callback = await visit(url, redirectUri)
  await page.evaluate(([server = '', back = '']) => window.gauntlet.finishLogin(server, back), [engine.name, callback])
}

/** Closed clients hold no lock and wait for none. */
async function closeClients({ judge, fronts }: State, { actor, page }: Tab): Promise<void> {
  const ended = page.evaluate(() => window.gauntlet.end()).catch((error) => [String(error).slice(0, 200)])
  const left = await Promise.race([ended, sleep(25_000, ['its calls did not end'], { ref: false })])
  if (left.length === 0) return
  const scope = scopeOf(judge, `${name}@${fronts[0]?.engine.name}`)
  scope.counts.leaked++
  example(scope, `${actor} left behind: ${left.join(', ')}`)
}
