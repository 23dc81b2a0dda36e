import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { shellLines } from '../../src/adapters/node/cli/emulator-variables.ts'
import { build } from '../kit/build.ts'
import { newShell } from './command.ts'

beforeAll(() => build())

const run = promisify(execFile)

describe('the lines to copy', () => {
  test('set up a program for each kind of credential, in a shell', async () => {
    const shell = newShell()
    const running = shell.start(['emulator'])
    await running.said(/TECHNICAL_ACCOUNT_EMAIL=.*\nexport AIO_IMS_CONFIG_ENDPOINT=/)
    const blocks = running.printed.stderr.split(/^# /m).slice(1)
    expect(blocks.map((block) => block.split(':')[0])).toEqual([
      'jwt',
      'oauth',
      'oauth_public',
      'oauth_server_to_server',
    ])
    const program = `
      const { AIO_IMS_CONFIG_ENDPOINT: url, CLIENT_ID: client_id, CLIENT_SECRET: client_secret = '', PRIVATE_KEY } = process.env
      if (PRIVATE_KEY) require('node:crypto').createPrivateKey(PRIVATE_KEY)
      const form = { client_id, client_secret, token_type: 'access_token', token: 'x' }
      fetch(url + '/ims/invalidate_token/v2', { method: 'POST', body: new URLSearchParams(form) })
        .then((response) => response.json()).then(({ error }) => console.log(error))`
    for (const block of blocks) {
      const [kind] = block.split(':')
      const script = `# ${block}\n'${process.execPath}' -e "$PROGRAM"`
      const { stdout } = await run('sh', ['-e', '-c', script], { env: { PROGRAM: program } })
      // the client and its secret are known, the token is not
      expect([kind, stdout]).toEqual([kind, 'invalid_token\n'])
    }
  })

  test('quote for a POSIX shell and for PowerShell', () => {
    const variables = { A: 'plain,text', B: "it's $HOME", C: 'two\nlines' }
    expect(shellLines(variables, 'linux')).toBe(
      "export A=plain,text\nexport B='it'\\''s $HOME'\nexport C='two\nlines'\n",
    )
    expect(shellLines(variables, 'win32')).toBe(
      "$env:A = 'plain,text'\n$env:B = 'it''s $HOME'\n$env:C = 'two\nlines'\n",
    )
  })
})

describe('readiness', () => {
  test('the first line on stdout and the ready file come when the emulator answers; the file goes when it stops', async () => {
    const shell = newShell()
    const file = join(shell.place.cwd, 'ready')
    writeFileSync(file, 'http://127.0.0.1:1\n')
    const running = shell.start(['emulator', '--ready-file', 'ready'])
    const [, url = ''] = await running.said(/^(http\S+)\n/)
    expect(readFileSync(file, 'utf8')).toBe(`${url}\n`)
    expect((await fetch(`${url}/ims/keys`)).status).toBe(200)
    expect(running.printed.stderr).toMatch(/kill \d+/)
    running.kill('SIGTERM')
    expect(await running.ended).toMatchObject({ code: 0, stdout: `${url}\n` })
    expect(existsSync(file)).toBe(false)
  })

  test('a ready file of an earlier run is removed, also if the emulator does not start', async () => {
    const shell = newShell()
    const first = shell.start(['emulator'])
    const [, port = ''] = await first.said(/^http:\S+:(\d+)\n/)
    writeFileSync(join(shell.place.cwd, 'ready'), 'http://127.0.0.1:1\n')
    expect(await shell.run(['emulator', '--port', port, '--ready-file', 'ready'])).toMatchObject({ code: 1 })
    expect(existsSync(join(shell.place.cwd, 'ready'))).toBe(false)
    const unwritable = await shell.run(['emulator', '--ready-file', join('absent', 'ready')])
    expect(unwritable).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('STORE_FAILED') })
  })

  test.each([
    ['--redirect-uri', '('],
    ['--redirect-uri', '\\'],
    ['--redirect-uri', 'http://localhost/#x'],
    ['--ready-file', ''],
  ])('%s %j is wrong usage', async (...words) => {
    expect(await newShell().run(['emulator', ...words])).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('refusals', () => {
  const refusedBy = async (...options: string[]) => {
    const running = newShell().start(['emulator', ...options])
    const [, url = ''] = await running.said(/^(http\S+)\n/)
    const form = { grant_type: 'client_credentials', client_id: 'my\napp', client_secret: 'hunter2' }
    await fetch(`${url}/ims/token/v3`, { method: 'POST', body: new URLSearchParams(form) })
    running.kill('SIGTERM')
    return (await running.ended).stderr
  }

  test('are printed with their reason, in one line each', async () => {
    const printed = await refusedBy()
    expect(printed).toMatch(
      /^emulator: POST \/ims\/token\/v3 400: invalid_client: client 'my\\napp' is unknown; known clients: /m,
    )
    expect(printed).not.toContain('hunter2')
  })

  test('are not printed with --quiet', async () => {
    expect(await refusedBy('--quiet')).not.toContain('invalid_client')
  })
})
