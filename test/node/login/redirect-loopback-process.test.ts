import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const isLinux = process.platform === 'linux'
const state = '0123456789abcdef0123456789abcdef'
const authorizationUrl = new URL(`https://ims.example/ims/authorize/v2?client_id=c&state=${state}`)

describe('loopbackRedirect in a process of its own', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'imskit-login-'))
    const child = `
      import { loopbackRedirect } from './src/adapters/node/lazy.ts'
      process.on('exit', (code) => process.stdout.write('EXIT ' + code))
      const trip = await loopbackRedirect({ open: false, ...JSON.parse(process.argv[2] ?? '{}') }).prepare()
      process.stdout.write('AT ' + trip.redirectUri + '\\n')
      try {
        const url = await trip.navigate(new URL('${authorizationUrl.href}'))
        process.stdout.write('GOT ' + url.searchParams.get('code') + '\\n')
      } catch (error) {
        process.stdout.write('FAILED ' + error.code + '\\n')
      } finally {
        trip.close()
      }`
    await build({
      stdin: { contents: child, resolveDir: process.cwd(), loader: 'ts' },
      outfile: join(dir, 'child.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    })
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env } })
    const seen = { stdout: '', stderr: '' }
    const waiting: (() => void)[] = []
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk) => {
        seen[name] += chunk
        for (const check of waiting) check()
      })
    }
    const said = (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        const check = () => {
          const match = pattern.exec(seen.stdout)
          if (match) resolve(match[1] ?? '')
        }
        waiting.push(check)
        check()
      })
    return { child, seen, said, exit: once(child, 'exit') }
  }

  test('the process ends by itself after the answer, and stdout is left alone', async () => {
    const { seen, said, exit } = run(process.execPath, [join(dir, 'child.mjs')])
    await fetch(`${await said(/AT (\S+)/)}?code=the-code&state=${state}`)
    await exit
    expect(seen.stdout).toMatch(/^AT \S+\nGOT the-code\nEXIT 0$/)
    expect(seen.stderr).toContain(authorizationUrl.href)
    expect(seen.stderr).not.toContain('paste')
  })

  test('the process ends by itself after a timeout', async () => {
    const { seen, exit } = run(process.execPath, [join(dir, 'child.mjs'), '{"timeout":30}'])
    await exit
    expect(seen.stdout).toMatch(/FAILED TIMEOUT\nEXIT 0$/)
  })

  test('CI is seen in the environment', async () => {
    const { seen, exit } = run(process.execPath, [join(dir, 'child.mjs')], { CI: '1' })
    await exit
    expect(seen.stdout).toBe('EXIT 1')
    expect(seen.stderr).toContain('LOGIN_NOT_POSSIBLE')
  })

  test('at a terminal the address can be pasted, and the process ends afterwards', async ({ skip }) => {
    if (!isLinux) skip()
    const hasScript = await promisify(execFile)('script', ['--version']).then(
      () => true,
      () => false,
    )
    if (!hasScript) skip()
    const { child, seen, said, exit } = run('script', ['-qec', `${process.execPath} ${dir}/child.mjs`, '/dev/null'])
    const redirectUri = await said(/AT (\S+)/)
    await said(/(paste)/)
    child.stdin.write(`${redirectUri}?code=the-code&state=wrong\n`)
    await said(/(not the address)/)
    child.stdin.write(`${redirectUri}?code=the-code&state=${state}\n`)
    await exit
    expect(seen.stdout).toMatch(/GOT the-code\s+EXIT 0/)
  })
})
