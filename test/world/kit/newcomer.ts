import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BrowserContext } from 'playwright'
import { inject, onTestFinished } from 'vitest'
import { provideNetwork } from '../../docs/served.ts'
import { type Output, outputOf } from '../../kit/output.ts'
import { newPlace, type Place } from '../../kit/place.ts'
import { fingerprint, installPinned, inTurn, once as madeOnce, manifestsOf } from './installed.ts'
import { linkTree } from './link-tree.ts'
import type { Step } from './steps.ts'

/** What a newcomer achieved. */
export interface Outcome {
  readonly token: string
  /** Files saved, commands run, pages opened, and buttons selected and fields filled there. */
  readonly steps: number
  readonly seconds: number
}

const manifests = manifestsOf('newcomers')
const pinned = Object.keys(JSON.parse(readFileSync(join(manifests, 'package.json'), 'utf8')).devDependencies)
const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/

/** A folder that is empty except for the tools of its user, in the versions that `test/world/newcomers` pins. */
export async function emptyProject(): Promise<Place> {
  const tools = await inTurn(() =>
    madeOnce('newcomers', fingerprint(join(manifests, 'package-lock.json')), (folder) =>
      installPinned(manifests, folder),
    ),
  )
  const place = newPlace(npmSettings())
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(tools, name), join(place.cwd, name))
  linkTree(join(tools, 'node_modules'), join(place.cwd, 'node_modules'))
  // npm writes to it, and it would be the one that all projects share
  rmSync(join(place.cwd, 'node_modules/.package-lock.json'), { force: true })
  return place
}

/** The settings of npm that it would not find in another home directory, and no telemetry. */
function npmSettings(): Record<string, string> {
  const home = process.env.HOME ?? ''
  const own = Object.entries(process.env).filter(([name]) => /^(npm_config_|https?_proxy$|no_proxy$)/i.test(name))
  return {
    npm_config_cache: join(home, '.npm'),
    npm_config_userconfig: join(home, '.npmrc'),
    ...(Object.fromEntries(own) as Record<string, string>),
    npm_config_yes: 'true',
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    WRANGLER_SEND_METRICS: 'false',
    CI: 'true',
  }
}

interface Running extends Output {
  /** Ends it, with what it started. */
  stop(): Promise<void>
  readonly exited: Promise<number | null>
}

/** The tarball in place of the published package; the tools are installed already. */
function asHere(command: string): string {
  if (!command.startsWith('npm install ')) return command
  const [, , ...names] = command.split(' ')
  const unknown = names.filter((name) => name !== 'imskit' && !pinned.includes(name))
  if (unknown.length > 0) throw new Error(`test/world/newcomers/package.json does not pin ${unknown}`)
  return `npm install ${inject('tarball')}`
}

function start({ cwd, env }: Place, command: string): Running {
  const child = spawn('sh', ['-c', asHere(command)], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const closed = once(child, 'close')
  const exited = closed.then(([code]) => code as number | null)
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGTERM')
      await closed
    }
  }
  onTestFinished(stop)
  return { ...outputOf(child, closed), stop, exited }
}

/** Does what the steps say, in an empty folder, until there is a token. */
export async function follow(steps: readonly Step[], newContext: () => Promise<BrowserContext>): Promise<Outcome> {
  const place = await emptyProject()
  const started = performance.now()
  // npx downloads what is not installed
  if (!steps.some((step) => step.kind === 'command' && step.command.startsWith('npm install'))) {
    await finish(start(place, 'npm install imskit'))
  }
  let count = 0
  let token: string | undefined
  for (const [index, step] of steps.entries()) {
    count += 1
    if (step.kind === 'file') save(place, step.name, step.content)
    else if (step.kind === 'open') throw new Error('the text opens an address before it runs a command')
    else {
      const running = start(place, step.command)
      const next = steps[index + 1]
      if (next?.kind === 'open') {
        const { text, actions } = await openAddress(place, running, next, newContext)
        count += 1 + actions
        token = jwt.exec(text)?.[0]
        await running.stop()
        break
      }
      token = jwt.exec(await finish(running))?.[0] ?? token
    }
  }
  if (token === undefined) throw new Error(`${count} steps, and no token`)
  return { token, steps: count, seconds: Math.round((performance.now() - started) / 100) / 10 }
}

function save({ cwd }: Place, name: string, content: string): void {
  const file = join(cwd, name)
  if (existsSync(file)) throw new Error(`${name} is there already`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

/** What a command prints on stdout. */
async function finish({ exited, printed }: Running): Promise<string> {
  const code = await exited
  if (code !== 0) throw new Error(`exit code ${code}: ${printed.stdout}${printed.stderr}`)
  return printed.stdout
}

/** What the page or the answer shows, and how many buttons and fields that took. */
async function openAddress(
  { cwd }: Place,
  running: Running,
  { address, button }: Extract<Step, { kind: 'open' }>,
  newContext: () => Promise<BrowserContext>,
): Promise<{ text: string; actions: number }> {
  // servers color what they print
  const port = address === undefined ? '\\d+' : new URL(address).port
  const [printed = ''] = await running.said(new RegExp(`http://localhost:(?:\\u001b\\[\\d+m)*${port}`))
  const context = await newContext()
  await provideNetwork(context, join(cwd, 'node_modules/imskit'))
  const page = await context.newPage()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colors of a terminal
  await page.goto(address ?? printed.replace(/\u001b\[\d+m/g, ''))
  if (button === undefined) return { text: await page.locator('body').innerText(), actions: 0 }
  await page.getByRole('button', { name: button }).click()
  await page.getByLabel('Password').fill('any')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow access' }).click()
  const shown = page.getByText(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)
  return { text: await shown.innerText({ timeout: 30_000 }), actions: 4 }
}
