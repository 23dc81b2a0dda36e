import { afterEach, describe, expect, test, vi } from 'vitest'
import { pageArrival } from '../../../src/adapters/browser/login/page-arrival.ts'
import { safePath } from '../../../src/core/login/return-to.ts'

// a page and a backend send users on by one rule

const origin = 'https://app.example'
const good = ['/', '/inbox', '/inbox?a=//b#c', '/a%20b', '/%61', '/a/../b']
const bad = [
  '',
  'inbox',
  '//evil.test',
  '/\\evil.test',
  '/\t/evil.test',
  '/.//evil.test',
  '/a/..//evil.test',
  '/%2f/evil.test',
  '/%5cevil.test',
  '/%09/evil.test',
  '/\u0000x',
  '/\u0085x',
  `/${'x'.repeat(2_000)}`,
  'javascript:alert(1)',
  'data:text/html,x',
  'https://evil.test/',
  'https://app.example.evil.test/',
  'https://app.example@evil.test/',
]

afterEach(() => vi.unstubAllGlobals())

const pageAccepts = (returnTo: unknown) => {
  vi.stubGlobal('location', new URL(`${origin}/page`))
  return pageArrival.accepts(returnTo as string)
}

describe('returnTo', () => {
  test.each(good)('accepts %s in a browser and in a backend', (path) => {
    expect(safePath(path, origin)).toBeDefined()
    expect(pageAccepts(path)).toBe(true)
    expect(pageAccepts(origin + path)).toBe(true)
  })

  test.each(bad)('refuses %j in a browser and in a backend', (path) => {
    expect(safePath(path, origin)).toBeUndefined()
    expect(pageAccepts(path)).toBe(false)
  })

  test.each(bad.filter((path) => path.startsWith('/')))('refuses %j behind the own origin too', (path) => {
    expect(pageAccepts(origin + path)).toBe(false)
  })

  test.each([1, null, {}, undefined])('refuses %j, which is not text', (value) => {
    expect(pageAccepts(value)).toBe(false)
  })
})
