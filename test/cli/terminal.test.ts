import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build, built } from '../kit/build.ts'
import { newShell, type Shell, setContext } from './command.ts'

// a person at a real terminal: what they type, what the screen shows, and how each command ends

let emulator: RunningEmulator
const hasTmux = spawnSync('tmux', ['-V']).status === 0

beforeAll(async () => {
  await build()
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(() => emulator.close())

/** A shell in tmux, with the command on its PATH. */
function openTerminal({ place }: Shell, env: Record<string, string> = {}) {
  const bin = join(place.cwd, 'imskit')
  writeFileSync(bin, `#!/bin/sh\nexec '${process.execPath}' '${built('cli')}' "$@"\n`)
  chmodSync(bin, 0o755)
  const socket = join(place.home, 'tmux')
  const all = {
    ...place.env,
    ...env,
    PATH: `${place.cwd}:${place.env.PATH}`,
    PS1: '$ ',
    HISTFILE: '/dev/null',
    LC_ALL: 'C.UTF-8',
  }
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { env: all, encoding: 'utf8' })
  tmux('new-session', '-d', '-x', '200', '-y', '100', '-c', place.cwd, 'bash --norc --noprofile')
  onTestFinished(() => void spawnSync('tmux', ['-S', socket, 'kill-server']))
  // long lines joined again, colours as they are
  const screen = (...flags: string[]) => tmux('capture-pane', '-p', '-J', '-S', '-', ...flags)
  const shows = (pattern: RegExp) =>
    vi.waitFor(
      () => {
        const match = pattern.exec(screen())
        if (match === null) throw new Error(`the screen does not show ${pattern}:\n${screen()}`)
        return match
      },
      { timeout: 30_000, interval: 50 },
    )
  const type = (line: string) => {
    tmux('send-keys', '-l', line)
    tmux('send-keys', 'Enter')
  }
  let count = 0
  return {
    screen,
    shows,
    type,
    press: (key: string) => tmux('send-keys', key),
    /** Runs a line to its end: what it showed, and its exit code. */
    async run(line: string): Promise<{ code: number; shown: string }> {
      count += 1
      const { length } = screen().trimEnd()
      type(`${line}; echo "<$?:${count}>"`)
      const [, code = ''] = await shows(new RegExp(`^<(\\d+):${count}>`, 'm'))
      return { code: Number(code), shown: screen().slice(length).trimEnd() }
    },
  }
}

async function person(place: Shell): Promise<void> {
  await setContext(place, emulator, 'oauth_public', 'me')
  await place.run(['context', 'use', 'me'])
}

describe.skipIf(!hasTmux)('at a terminal', () => {
  test('login by paste-back, token, decode, explain, doctor', async () => {
    const shell = newShell(emulator.url)
    await person(shell)
    const terminal = openTerminal(shell)

    terminal.type('imskit login --no-browser; echo "<login $?>"')
    const [, url = ''] = await terminal.shows(/Open this address[^\n]*\n\s*\n\s*(http\S+)/)
    const back = await createPerson(emulator).visit(url)
    await terminal.shows(/paste the address/)
    terminal.type('nonsense')
    await terminal.shows(/not the address that the login is waiting for/)
    terminal.type(back.url.href)
    await terminal.shows(/^<login 0>/m)
    expect(terminal.screen()).toMatch(/context {4}me\nuser .*\nexpires .*\nrenewable {2}yes/)

    const token = await terminal.run('imskit token')
    expect(token).toMatchObject({ code: 0, shown: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/m) })
    expect(await terminal.run('imskit token | imskit decode -')).toMatchObject({
      code: 0,
      shown: expect.stringContaining('"client_id": "emulator-public"'),
    })
    const explained = await terminal.run('imskit explain')
    expect(explained).toMatchObject({
      code: 0,
      shown: expect.stringMatching(/This is an access token[\s\S]*scopes +openid/),
    })
    // a person looks: there are colours
    expect(terminal.screen('-e')).toContain('\u001b[1muser')
    expect(await terminal.run('imskit doctor')).toMatchObject({
      code: 0,
      shown: expect.stringContaining('No problems found'),
    })
  }, 120_000)

  test('a failing case of each', async () => {
    const shell = newShell(emulator.url)
    await person(shell)
    const closed = await startEmulator()
    await closed.close()
    const terminal = openTerminal(shell, { NO_COLOR: '1' })
    const cases: readonly [string, number, RegExp][] = [
      ['imskit login nobody', 1, /There is no context 'nobody'/],
      ['CI=true imskit login', 1, /LOGIN_NOT_POSSIBLE/],
      ['imskit token', 1, /LOGIN_REQUIRED\)\n *To sign in, run: imskit login me/],
      ['echo opaque | imskit decode -', 1, /BAD_TOKEN/],
      ['imskit explain nobody', 1, /CONTEXT_NOT_CONFIGURED/],
      [`imskit doctor --endpoint ${closed.url}`, 11, /problem \(network\): 127\.0\.0\.1:\d+ refuses connections/],
      ['imskit tokne', 2, /Did you mean 'token'/],
    ]
    for (const [line, code, shown] of cases) {
      expect({ line, ...(await terminal.run(line)) }).toEqual({ line, code, shown: expect.stringMatching(shown) })
    }
    // NO_COLOR
    expect(terminal.screen('-e')).not.toContain('\u001b[31m')
  }, 120_000)

  test('Ctrl-C ends a login, and the terminal is as before', async () => {
    const shell = newShell(emulator.url)
    await person(shell)
    const before = readFileSync(shell.place.globalFile, 'utf8')
    const terminal = openTerminal(shell)
    terminal.type('imskit login --no-browser')
    await terminal.shows(/paste the address/)
    terminal.press('C-c')
    await terminal.shows(/interrupted/)
    expect(await terminal.run('echo code $?')).toMatchObject({ shown: expect.stringContaining('code 130') })
    expect(readFileSync(shell.place.globalFile, 'utf8')).toBe(before)
  }, 120_000)

  test('shows that it waits for what takes longer than a second, and only there', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    const remove = emulator.fault({ path: '/ims/token/v3', delay: 2500, times: 1 })
    onTestFinished(() => void (typeof remove === 'function' && remove()))
    const terminal = openTerminal(shell)
    terminal.type('imskit token machine; echo "<token $?>"')
    await terminal.shows(/Waiting for IMS … \d+ s/)
    await terminal.shows(/^<token 0>/m)
    // the line is gone again
    expect(terminal.screen()).not.toContain('Waiting for IMS')
    emulator.fault({ path: '/ims/token/v3', delay: 1500, times: 1 })
    expect(await shell.run(['token', 'machine', '--force'])).toMatchObject({ code: 0, stderr: '' })
  }, 120_000)
})

describe.skipIf(!hasTmux)('a project at a terminal', () => {
  test('init, link, migrate, login, logout, report', async () => {
    const shell = newShell(emulator.url)
    const { cwd } = shell.place
    const terminal = openTerminal(shell)
    // the command itself is in this folder
    writeFileSync(
      join(cwd, 'package.json'),
      '{\n  "name": "app",\n  "dependencies": { "@adobe/aio-lib-ims": "8.1.2" }\n}\n',
    )
    writeFileSync(join(cwd, 'old.js'), "const { getToken } = require('@adobe/aio-lib-ims')\n")

    writeFileSync(join(cwd, 'ims.mjs'), '// mine\n')
    terminal.type('imskit init; echo "<init $?>"')
    await terminal.shows(/Replace ims\.mjs\? \[y\/N\]/)
    terminal.type('n')
    await terminal.shows(/it would replace ims\.mjs.*--force[\s\S]*^<init 1>/m)
    expect(readFileSync(join(cwd, 'ims.mjs'), 'utf8')).toBe('// mine\n')
    terminal.type('imskit init; echo "<again $?>"')
    await vi.waitFor(() => expect(terminal.screen().match(/Replace ims\.mjs\? \[y\/N\]/g)).toHaveLength(2), 30_000)
    terminal.type('y')
    await terminal.shows(/changed: ims\.mjs[\s\S]*Install imskit: npm install imskit[\s\S]*^<again 0>/m)

    const { endpoint: _, ...machine } = emulator.contexts.oauth_server_to_server
    const credentials = [{ name: 'Mine', integration_type: 'oauth_server_to_server', oauth_server_to_server: machine }]
    const workspace = { project: { org: { ims_org_id: machine.ims_org_id }, workspace: { details: { credentials } } } }
    writeFileSync(join(cwd, 'workspace.json'), JSON.stringify(workspace))
    expect(await terminal.run('imskit link workspace.json')).toMatchObject({
      code: 0,
      shown: expect.stringContaining('changed: .env'),
    })
    expect(terminal.screen()).not.toContain(machine.client_secrets[0])

    const migrated = await terminal.run('imskit migrate --write')
    expect(migrated).toMatchObject({ code: 0, shown: expect.stringContaining('files changed') })
    expect(readFileSync(join(cwd, 'old.js'), 'utf8')).toContain("require('imskit')")

    await person(shell)
    terminal.type('imskit login --no-browser; echo "<login $?>"')
    const [, url = ''] = await terminal.shows(/Open this address[^\n]*\n\s*\n\s*(http\S+)/)
    await fetch((await createPerson(emulator).visit(url)).url)
    await terminal.shows(/^<login 0>/m)
    expect(await terminal.run('imskit logout')).toMatchObject({
      code: 0,
      shown: expect.stringContaining('signed out: me'),
    })
    expect(await terminal.run('imskit token')).toMatchObject({
      code: 1,
      shown: expect.stringContaining('run: imskit login me'),
    })
    expect(await terminal.run('imskit report')).toMatchObject({
      code: 0,
      shown: expect.stringMatching(
        /### imskit report[\s\S]*context 1 \(current\): oauth_public[\s\S]*"command":"logout"/,
      ),
    })
  }, 180_000)
})
