import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { build, built } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'

// the command `imskit`, as a shell would run it

beforeAll(() => build())

interface Command {
  readonly child: ChildProcess
  /** The first line on stdout. */
  readonly firstLine: Promise<string>
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

function imskit(...args: string[]): Command {
  const { cwd, env } = newPlace()
  const child = spawn(process.execPath, [built('cli'), ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = { stdout: '', stderr: '' }
  child.stderr.setEncoding('utf8').on('data', (text) => {
    printed.stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...printed }))
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed.stdout += text
      if (printed.stdout.includes('\n')) resolve(printed.stdout.split('\n')[0] ?? '')
    })
    void ended.then(({ stderr }) => reject(new Error(stderr)))
  })
  firstLine.catch(() => {})
  return { child, firstLine, ended }
}

describe('imskit', () => {
  test('shows its version and its help on stdout', async () => {
    expect(await imskit('--version').ended).toMatchObject({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' })
    for (const args of [['--help'], ['-h'], ['help'], ['emulator', '--help']]) {
      const { code, stdout, stderr } = await imskit(...args).ended
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: imskit /)
    }
  })

  test('calls what it does not understand a misuse, on stderr', async () => {
    for (const args of [[], ['nonsense'], ['emulator', '--nonsense'], ['emulator', '--port', 'x'], ['emulator', 'x']]) {
      const { code, stdout, stderr } = await imskit(...args).ended
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).toMatch(/imskit/)
      expect(stderr).not.toMatch(/unexpected|\n\s+at /)
    }
  })
})

describe('imskit emulator', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('prints its address, works, and stops on %s', async (signal) => {
    const { child, firstLine, ended } = imskit('emulator')
    const url = await firstLine
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const { issuer } = (await (await fetch(`${url}/ims/.well-known/openid-configuration`)).json()) as { issuer: string }
    expect(issuer).toBe(url)
    child.kill(signal)
    const { code, signal: killedBy, stdout, stderr } = await ended
    expect({ code, killedBy, stdout }).toEqual({ code: 0, killedBy: null, stdout: `${url}\n` })
    expect(stderr).toContain('not a security boundary')
    await expect(fetch(url)).rejects.toThrow()
  })

  test('stops also when told so at once', async () => {
    const { child, firstLine, ended } = imskit('emulator')
    await firstLine
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, signal: null })
  })

  test('prints its contexts as JSON, and signs in the user of --auto-login', async () => {
    const { firstLine } = imskit('emulator', '--json', '--auto-login', 'someone@example.com')
    const { url, contexts } = JSON.parse(await firstLine)
    expect(Object.keys(contexts).sort()).toEqual(['jwt', 'oauth', 'oauth_public', 'oauth_server_to_server'])
    const { client_id, client_secret, scope } = contexts.oauth
    const query = { client_id, scope, response_type: 'token', redirect_uri: 'http://127.0.0.1/' }
    const authorize = `${url}/ims/authorize/v2?${new URLSearchParams({ ...query, response_type: 'code' })}`
    const { headers } = await fetch(authorize, { redirect: 'manual' })
    const code = new URL(headers.get('location') ?? '').searchParams.get('code') ?? ''
    const body = new URLSearchParams({ grant_type: 'authorization_code', code, client_id, client_secret })
    const answer = await fetch(`${url}/ims/token/v1`, { method: 'POST', body })
    expect(await answer.json()).toMatchObject({ email: 'someone@example.com' })
  })

  test('says that a port is taken', async () => {
    const { firstLine } = imskit('emulator')
    const { port } = new URL(await firstLine)
    const { code, stdout, stderr } = await imskit('emulator', '--port', port).ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(port)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})
