import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { newShell, setContext, useEmulator } from './command.ts'

let emulator: RunningEmulator

useEmulator((running) => {
  emulator = running
})

describe('imskit report', () => {
  test('shows versions, findings and recent events, and no secret, id or name', async () => {
    const shell = newShell(emulator.url, { AIO_SECRET_OF_USER: 'hunter2' })
    await setContext(shell, emulator, 'oauth_server_to_server', 'my-customer')
    await setContext(shell, emulator, 'oauth_public', 'me')
    writeFileSync(join(shell.place.cwd, 'package.json'), '{}')
    const modules = join(shell.place.cwd, 'node_modules', 'undici')
    execFileSync('mkdir', ['-p', modules])
    writeFileSync(join(modules, 'package.json'), JSON.stringify({ name: 'undici', version: '7.1.2' }))
    const token = (await shell.run(['token', 'my-customer'])).stdout.trim()
    await shell.run(['token', 'me'])
    await shell.run(['context', 'use', 'me'])
    const { code, stdout, stderr } = await shell.run(['report'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^### imskit report\n\n- imskit \d+\.\d+\.\d+\S*, Node\.js v\d+/)
    expect(stdout).toContain('- packages: undici 7.1.2')
    expect(stdout).toContain('`AIO_SECRET_OF_USER`')
    expect(stdout).toContain(
      '- context 1: oauth_server_to_server; access token valid, refresh token missing; keys `client_id`',
    )
    expect(stdout).toContain('- context 2 (current): oauth_public')
    expect(stdout).toMatch(/"command":"token","type":"request","method":"POST","path":"\/ims\/token\/v3".*"status":200/)
    expect(stdout).toContain('"command":"token","type":"failed","code":"LOGIN_REQUIRED"')
    const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
    for (const secret of [token, 'hunter2', 'my-customer', client_id, ims_org_id, shell.place.home, ...client_secrets])
      expect(stdout).not.toContain(secret)
    expect(await shell.json(['report', 'me', '--offline'])).toMatchObject({
      contexts: [{ number: 2, kind: 'oauth_public' }],
    })
  })

  test('keeps the last hundred events, in a file that others cannot read', async () => {
    const shell = newShell(emulator.url)
    await shell.run(['context', 'set', 'x', 'client_id=a', 'scope=openid'])
    const log = join(shell.place.home, '.state', 'imskit', 'log', 'events.jsonl')
    await shell.run(['token', 'x'])
    const [first = ''] = readFileSync(log, 'utf8').split('\n')
    expect(statSync(log).mode & 0o777).toBe(0o600)
    writeFileSync(log, `${`${first}\n`.repeat(300)}`)
    await shell.run(['token', 'x'])
    expect(readFileSync(log, 'utf8').trimEnd().split('\n')).toHaveLength(100)
    // a damaged log is no obstacle
    writeFileSync(log, 'damaged\n{"at":1}\n')
    expect(await shell.json(['report', '--offline'])).toMatchObject({ events: [expect.stringContaining('"at":1')] })
  })
})
