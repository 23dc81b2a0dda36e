import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { newShell, setContext, signIn, useEmulator } from './command.ts'

let emulator: RunningEmulator

useEmulator((running) => {
  emulator = running
})

describe('imskit logout', () => {
  test('invalidates the tokens at IMS and removes them; a second call does the same', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    await signIn(shell, emulator, 'me')
    const token = (await shell.run(['token', 'me'])).stdout.trim()
    const out = await shell.run(['logout', 'me'])
    expect(out).toMatchObject({ code: 0, stdout: 'signed out: me\n' })
    expect(out.stderr).toMatch(
      /^To sign out of Adobe in the browser as well, open: http\S+\/ims\/logout\/v1\?client_id=/,
    )
    expect(await shell.run(['validate', '-'], { input: token })).toMatchObject({ code: 1 })
    const { data } = await shell.json<{ data: object }>(['context', 'get', 'me'])
    expect(Object.keys(data)).toEqual(['client_id', 'scope'])
    expect(await shell.run(['token', 'me'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\(LOGIN_REQUIRED\)\nTo sign in, run: imskit login me\n$/),
    })
    expect(await shell.json(['logout', 'me'])).toEqual({ context: 'me', signedOut: false, invalidated: false })
  })

  test('removes the tokens if IMS refuses, and if they had expired', async () => {
    const shell = newShell(emulator.url)
    const context = (expiry: number) => ({
      ...emulator.contexts.oauth,
      endpoint: undefined,
      client_secret: 'wrong',
      access_token: { token: 'unknown', expiry },
    })
    const contexts = { refused: context(Date.now() + 3_600_000), old: context(1) }
    writeFileSync(shell.place.globalFile, JSON.stringify({ ims: { contexts } }), { mode: 0o600 })
    const refused = await shell.run(['logout', 'refused'])
    expect(refused).toMatchObject({ code: 0, stdout: 'signed out: refused\n' })
    expect(refused.stderr).toMatch(/^Warning: The tokens were removed here, but IMS did not confirm/)
    expect(await shell.run(['logout', 'old'])).toMatchObject({ code: 0, stdout: 'signed out: old\n' })
    expect(readFileSync(shell.place.globalFile, 'utf8')).not.toContain('access_token')
  })
})
