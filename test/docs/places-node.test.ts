import { execFile } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build, buildSite } from '../kit/build.ts'
import { installedModules } from '../kit/installed.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { freePort } from '../kit/server.ts'
import { type Block, blocks, isForNewcomers, migrated } from './blocks.ts'
import { asShown } from './quickstarts.ts'

// the first programs for Node and those of a migration, as a newcomer runs them, and with the failures that users meet

let emulator: RunningEmulator
let modules = ''
beforeAll(async () => {
  await build()
  modules = await installedModules()
  emulator = await startEmulator()
}, 300_000)
afterAll(() => emulator?.close())

const found = blocks.filter((block) => isForNewcomers(block) && (block.place === 'node' || block.place === 'before'))
/** README has the programs of the quickstarts. */
const programs = [...new Map(found.map((block) => [block.code, block])).values()]
const login = blocks.find(({ place, words }) => place === 'node' && words.includes('login')) as Block

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A newcomer's folder, with the package. */
function newFolder(block: Block): Place & { readonly program: string } {
  const place = newPlace()
  symlinkSync(modules, join(place.cwd, 'node_modules'), 'dir')
  const program = /\brequire\(/.test(block.code) ? 'program.cjs' : 'program.mjs'
  writeFileSync(join(place.cwd, program), migrated(block))
  return { ...place, program }
}

/** Prints what Node calls an unhandled rejection. */
const watch = "process.on('unhandledRejection', () => process.stderr.write('UNHANDLED REJECTION'))"

function run({ cwd, env, program }: ReturnType<typeof newFolder>, own: NodeJS.ProcessEnv, asNobody = false) {
  const user = asNobody && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const args = ['--import', `data:text/javascript,${encodeURIComponent(watch)}`, program]
  return new Promise<Ended>((resolve) => {
    const options = { cwd, env: { ...env, CI: 'false', ...own }, timeout: 25_000, ...user }
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
  })
}

const credential = (endpoint = emulator.url) => {
  const data = emulator.contexts.oauth_server_to_server
  return {
    CLIENT_ID: data.client_id,
    CLIENT_SECRET: data.client_secrets[0],
    ORG_ID: data.ims_org_id,
    TECHNICAL_ACCOUNT_ID: data.technical_account_id,
    TECHNICAL_ACCOUNT_EMAIL: data.technical_account_email,
    AIO_IMS_CONFIG_ENDPOINT: endpoint,
  }
}
const token = expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/)

/** It says this, and is not a crash that no code handled. */
function expectSentence({ code, stdout, stderr }: Ended, sentence: RegExp): void {
  expect(stderr).toMatch(sentence)
  expect(stderr).not.toContain('UNHANDLED REJECTION')
  expect(stderr.length).toBeLessThan(4_000)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
}

test('there are programs in both module systems, and one of a migration', () => {
  expect(programs.map(({ place, words }) => `${place} ${words.includes('form=cjs')}`).sort()).toEqual([
    'before false',
    'node false',
    'node true',
  ])
})

describe.each(programs.map((block) => [block.at, block] as const))('%s', (_, block) => {
  test('as the site shows it, prints a token', { timeout: 300_000 }, async () => {
    await buildSite()
    expect(await run(newFolder(asShown(block)), credential())).toEqual({ code: 0, stdout: token, stderr: '' })
  })

  test('prints the stored token if IMS cannot be reached, and says so if none is stored', async () => {
    const folder = newFolder(block)
    const unreachable = credential(`http://127.0.0.1:${await freePort()}`)
    expectSentence(await run(folder, unreachable), /NETWORK_FAILED|check the network, proxy and endpoint/)
    // the endpoint is part of what identifies a token, so the server stops instead
    const own = await startEmulator()
    const first = await run(folder, credential(own.url))
    await own.close()
    const second = await run(folder, credential(own.url))
    // `context.set` replaces the context with its token, as it does in `@adobe/aio-lib-ims`
    if (block.place === 'before') expectSentence(second, /check the network, proxy and endpoint/)
    else expect(second).toEqual(first)
    expect(first).toEqual({ code: 0, stdout: token, stderr: '' })
  })

  test('prints a token, or says what to do, if the home directory is read-only', async () => {
    const folder = newFolder(block)
    // the user of this test cannot read the folder that the tests share
    unlinkSync(join(folder.cwd, 'node_modules'))
    cpSync(modules, join(folder.cwd, 'node_modules'), { recursive: true })
    const directories = [join(folder.home, '..'), folder.home, join(folder.home, '.config'), folder.cwd]
    for (const directory of directories) chmodSync(directory, 0o555)
    const { XDG_CONFIG_HOME: _, XDG_STATE_HOME: __, ...env } = folder.env
    const ended = await run({ ...folder, env }, credential(), true)
    for (const directory of directories) chmodSync(directory, 0o755)
    if (block.place === 'node') expect(ended).toEqual({ code: 0, stdout: token, stderr: '' })
    else expectSentence(ended, /\(EACCES\)\. Check that this user can write to its directory/)
  })

  test('says what is missing without variables', async () => {
    const { AIO_IMS_CONFIG_ENDPOINT } = credential()
    expectSentence(await run(newFolder(block), { AIO_IMS_CONFIG_ENDPOINT }), /needs clientId|client_id/)
  })

  test('says that the address of IMS must be https', async () => {
    expectSentence(await run(newFolder(block), credential('http://example.test')), /example\.test is not https/)
  })
})

describe(login.at, () => {
  /** Starts the program; a browser that shows a test the address that it should open. */
  function start() {
    const folder = newFolder(login)
    const [browser, opened] = [join(folder.home, 'browser'), join(folder.home, 'opened')]
    writeFileSync(browser, `#!/bin/sh\necho "$1" > '${opened}'\n`)
    chmodSync(browser, 0o755)
    const { client_id: CLIENT_ID, client_secret: CLIENT_SECRET } = emulator.contexts.oauth
    const ended = run(folder, { CLIENT_ID, CLIENT_SECRET, BROWSER: browser, AIO_IMS_CONFIG_ENDPOINT: emulator.url })
    const address = () =>
      vi.waitUntil(() => existsSync(opened) && readFileSync(opened, 'utf8').trim(), { timeout: 20_000 })
    return { ended, address }
  }

  /** What the form leads to, which the program listens at. */
  async function follow(address: string, button: 'sign-in' | 'cancel'): Promise<void> {
    const user = createPerson(emulator)
    const form = await user.visit(await departure(address))
    const next = await user.press(form, button, { email: 'user@example.com', password: 'any' })
    const { url } = next.page === undefined ? next : await user.press(next, 'allow')
    await fetch(url)
  }

  /** The address of IMS that the program's own server redirects to. */
  async function departure(address: string): Promise<string> {
    const { headers } = await fetch(address, { redirect: 'manual' })
    return headers.get('location') ?? address
  }

  test('prints a token after the sign-in', async () => {
    const { ended, address } = start()
    await follow(await address(), 'sign-in')
    expect(await ended).toMatchObject({ code: 0, stdout: token })
  })

  test('prints the reason if the user cancels', async () => {
    const { ended, address } = start()
    await follow(await address(), 'cancel')
    const { code, stdout, stderr } = await ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/cancel|denied|refused/i)
    expect(stderr).not.toContain('UNHANDLED REJECTION')
  })
})
