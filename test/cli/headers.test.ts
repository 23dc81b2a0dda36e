import { describe, expect, test } from 'vitest'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { newShell, setContext, signIn, useEmulator } from './command.ts'

let emulator: RunningEmulator

useEmulator((running) => {
  emulator = running
})

describe('imskit headers', () => {
  test('prints the headers of an API, and nothing else', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_server_to_server', 'machine')
    const token = (await shell.run(['token', 'machine'])).stdout.trim()
    const { code, stdout, stderr } = await shell.run(['headers', 'machine'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { client_id, ims_org_id } = emulator.contexts.oauth_server_to_server
    expect(JSON.parse(stdout)).toEqual({
      Authorization: `Bearer ${token}`,
      'x-api-key': client_id,
      'x-gw-ims-org-id': ims_org_id,
    })
    expect(stdout.trimEnd()).not.toContain('\n')
  })

  test('leaves out what it does not know, and does not ask the user', async () => {
    const shell = newShell(emulator.url)
    await setContext(shell, emulator, 'oauth_public', 'me')
    expect(await shell.run(['headers', 'me'])).toMatchObject({ code: 1, stdout: '' })
    await signIn(shell, emulator, 'me')
    expect(Object.keys(JSON.parse((await shell.run(['headers', 'me'])).stdout))).toEqual(['Authorization', 'x-api-key'])
  })
})
