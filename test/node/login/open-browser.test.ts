import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { browserLaunchers, openBrowser } from '../../../src/adapters/node/login/open-browser.ts'

describe('openBrowser', () => {
  const hostile = new URL('https://ims.example/a?b=1&c="&calc&$(touch x)`id`;|%PATH% \'')

  test('runs a program with the URL as one argument, through no shell (S65, S76)', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'imskit-open-'))
    const record = join(dir, 'record')
    await writeFile(
      join(dir, 'xdg-open'),
      `#!/bin/sh\nprintf '%s\\n' "$#" "$1" > "${record}.part"\n/bin/mv "${record}.part" "${record}"\n`,
    )
    await chmod(join(dir, 'xdg-open'), 0o755)
    expect(await openBrowser(hostile, { platform: 'linux', env: { PATH: dir } })).toBe(true)
    await expect.poll(() => readFile(record, 'utf8').catch(() => '')).toBe(`1\n${hostile.href}\n`)
    await rm(dir, { recursive: true })
  })

  test('tells when no program is there', async () => {
    expect(await openBrowser(hostile, { platform: 'linux', env: { PATH: '/nowhere' } })).toBe(false)
    expect(await openBrowser(hostile, { platform: 'linux', env: { PATH: '/nowhere', BROWSER: 'none' } })).toBe(false)
  })

  test('refuses other schemes (S32, S76)', async () => {
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'http://ims.example/']) {
      await expect(openBrowser(new URL(url), { env: { PATH: '/nowhere' } })).rejects.toMatchObject({
        code: 'BAD_OPTION',
      })
    }
    expect(await openBrowser(new URL('http://127.0.0.1:1/'), { platform: 'linux', env: { PATH: '/nowhere' } })).toBe(
      false,
    )
  })

  test('knows each system (S65, S76)', () => {
    const url = new URL('https://ims.example/')
    const { href } = url
    const of = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv = {}, browser?: string) =>
      browserLaunchers(url, { platform, env, browser })
    const rundll = ['C:\\Windows\\System32\\rundll32.exe', 'url.dll,FileProtocolHandler', href]
    expect(of('darwin')).toEqual([['open', href]])
    expect(of('darwin', {}, 'Firefox')).toEqual([['open', '-a', 'Firefox', href]])
    expect(of('win32')).toEqual([rundll])
    expect(of('win32', {}, 'C:\\b.exe')).toEqual([['C:\\b.exe', href], rundll])
    expect(of('linux')).toEqual([['xdg-open', href]])
    expect(of('linux', { BROWSER: 'firefox' })).toEqual([
      ['firefox', href],
      ['xdg-open', href],
    ])
    expect(of('linux', { BROWSER: 'firefox' }, 'chromium')[0]).toEqual(['chromium', href])
    expect(of('linux', { WSL_DISTRO_NAME: 'Ubuntu' }).map(([command]) => command)).toEqual([
      'wslview',
      'rundll32.exe',
      '/mnt/c/Windows/System32/rundll32.exe',
      'xdg-open',
    ])
    const all = [of('darwin'), of('win32'), of('linux', { WSL_INTEROP: 'x' })].flat(2).join()
    expect(all).not.toMatch(/cmd|powershell|bash/)
  })
})
