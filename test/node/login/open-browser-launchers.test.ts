import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { browserLaunchers } from '../../../src/adapters/node/login/open-browser.ts'

const shells = /(?:^|[\\/])(?:sh|bash|zsh|cmd|powershell|pwsh|start|explorer)(?:\.exe)?$/i
const systems: readonly NodeJS.Platform[] = ['win32', 'darwin', 'linux', 'freebsd', 'android']
const environments = [{}, { WSL_DISTRO_NAME: 'Ubuntu' }, { SystemRoot: 'C:\\Windows' }]

/** Addresses with everything in path and query that a shell could obey. */
const anyAddress = fc
  .array(
    fc.constantFrom(
      '"',
      "'",
      '&calc',
      '$(x)',
      '`x`',
      '|',
      ';',
      '%PATH%',
      '^',
      ' ',
      '\n',
      '<',
      '>',
      '\\',
      '!',
      'a',
      '\u00e9',
      '--',
    ),
    {
      maxLength: 12,
    },
  )
  .map((pieces) => new URL(`https://ims.example/${pieces.join('')}?q=${pieces.join('')}`))

describe('the programs that open an address', () => {
  test('are never a shell, and get it whole, as their last argument (S76)', () => {
    fc.assert(
      fc.property(anyAddress, fc.constantFrom(...systems), fc.constantFrom(...environments), (url, platform, env) => {
        const launchers = browserLaunchers(url, { platform, env })
        expect(launchers.length).toBeGreaterThan(0)
        for (const [command, ...args] of launchers) {
          expect(command).not.toMatch(shells)
          expect(args.filter((arg) => arg.includes('ims.example'))).toEqual([url.href])
          expect(args.at(-1)).toBe(url.href)
          // no blank or quote could end the argument on Windows, where a program splits its own command line
          expect(url.href).not.toMatch(/["\s]/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('are found by their full path on Windows, and not in the working directory (S76)', () => {
    const [[command] = ['']] = browserLaunchers(new URL('https://ims.example/'), { platform: 'win32', env: {} })
    expect(command).toBe('C:\\Windows\\System32\\rundll32.exe')
  })
})
