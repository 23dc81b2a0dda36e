import { describe, expect, test } from 'vitest'
import { createClient } from '../../src/core/index.ts'
import { api, apiClient, emulator, on } from './emulated-api.ts'
import { rejection, serverFlow } from './setting.ts'

describe('allowed origins (S32)', () => {
  const asked: string[] = []
  const client = () => {
    asked.length = 0
    const fetch = async (url: string, init: RequestInit) => {
      if (url.startsWith(emulator.url)) return on.fetch(url, init)
      asked.push(url)
      return new Response('ok')
    }
    return createClient({ flow: serverFlow(emulator), ...on, fetch })
  }

  test.each([
    'https://cc-libraries.adobe.io/api',
    'https://a.b.adobe.io/',
    'https://platform.adobe.com/x',
    'https://ims-na1.adobelogin.com/ims/profile/v1',
    'https://X.ADOBE.IO/',
    'https://x.adobe.io:443/',
  ])('by default Adobe’s: %s', async (url) => {
    expect((await client().fetch(url)).status).toBe(200)
    expect(asked).toHaveLength(1)
  })

  test('a host of AEM has to be named, and then no other environment gets the token', async () => {
    const environment = 'p12345-e67890.adobeaemcloud.com'
    const hosts = [`https://author-${environment}`, `https://publish-${environment}`]
    for (const host of hosts) expect(await rejection(client().fetch(host))).toMatchObject({ code: 'BAD_OPTION' })
    const fetch = async (url: string, init: RequestInit) =>
      url.startsWith(emulator.url) ? on.fetch(url, init) : new Response('ok')
    const named = createClient({ flow: serverFlow(emulator), ...on, fetch, allowedOrigins: hosts })
    for (const host of hosts) expect((await named.fetch(`${host}/api/assets.json`)).status).toBe(200)
    const other = await rejection(named.fetch('https://author-p12345-e99999.adobeaemcloud.com/api/assets.json'))
    expect(other).toMatchObject({ code: 'BAD_OPTION' })
  })

  test.each([
    'https://evil.test/.adobe.io',
    'https://evil.test/?x=.adobe.io',
    'https://evil.test/#.adobe.io',
    'https://adobe.io.evil.test/',
    'https://evil-adobe.io/',
    'https://eviladobe.io/',
    'https://adobe.io.evil.test:443/.adobe.io',
    'http://x.adobe.io/',
    'https://x.adobe.io:8443/',
    'https://x.adobe.io./',
    'https://evil.test\\.adobe.io/',
    'https://x.adobe.iо/',
    'https://127.0.0.1/',
    'ftp://x.adobe.io/',
    'data:text/plain,.adobe.io',
    'blob:https://x.adobe.io/1',
  ])('and no other: %s', async (url) => {
    const error = await rejection(client().fetch(url))
    expect(error).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('allowedOrigins') })
    expect([asked.length, on.fetch.sent.length, on.store.counts.get]).toEqual([0, 0, 0])
  })

  test('what counts is the host that is asked: a backslash is a slash (S88)', async () => {
    expect((await client().fetch('https://x.adobe.io\\.evil.test/')).status).toBe(200)
    expect(asked).toEqual(['https://x.adobe.io/.evil.test/'])
  })

  test.each(['https://x.adobe.io@evil.test/', 'https://user:pw@x.adobe.io/'])(
    'no URL with credentials: %s',
    async (url) => {
      await rejection(client().fetch(url))
      expect([asked.length, on.fetch.sent.length]).toEqual([0, 0])
    },
  )

  test('the caller’s list replaces the default; origins are exact (S88)', async () => {
    const own = (allowedOrigins: string[]) => apiClient({ allowedOrigins })
    const port = new URL(api.url).port
    expect((await own([api.url]).fetch(`${api.url}/any/path`)).status).toBe(200)
    for (const list of [[], [`https://127.0.0.1:${port}`], ['http://127.0.0.1'], [`http://localhost:${port}`]])
      expect(await rejection(own(list).fetch(api.url))).toMatchObject({ code: 'BAD_OPTION' })
    expect(await rejection(own([api.url]).fetch('https://x.adobe.io/'))).toMatchObject({ code: 'BAD_OPTION' })
    expect(api.seen).toHaveLength(1)
  })

  test.each([
    'https://a.b/path',
    'https://a.b/',
    'https://a.b/?q',
    'https://a.b?q',
    'https://a.b#h',
    'https://user:secret@a.b',
    'https://@a.b',
    'https://a.b\\c',
    ' https://a.b',
    'https://a\t.b',
    'https:a.b',
    'https:///a.b',
    'https://a%2eb',
    'https://*.com',
    'https://*.co.uk',
    'https://*.',
    'https://*..com',
    'https://*',
    'https://*.*.com',
    'https://*.0.0.1',
    'https://*.example.com:8443',
    'https://*.example.com/',
    'http://*.example.com',
    'http://api.example',
    'http://localhost.example',
    'http://127.0.0.1.example',
    'blob:https://a.b',
    'wss://a.b',
    'file:///x',
    'null',
    '',
    5,
    null,
    {},
  ])('%j is refused as an origin, as it would not be kept to', (pattern) => {
    const make = () => apiClient({ allowedOrigins: [pattern] })
    expect(make).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(/allowedOrigins/) }),
    )
  })

  test.each(['https://a.b', { 0: 'https://a.b', length: 1 }, null])('%j is refused as a list', (list) => {
    expect(() => apiClient({ allowedOrigins: list })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })

  test.each([
    ['https://a.b', 'https://a.b/x'],
    ['HTTPS://A.B', 'https://a.b/x'],
    ['https://a.b:443', 'https://a.b/x'],
    ['https://a.b:8443', 'https://a.b:8443/x'],
    ['https://пример.example', 'https://xn--e1afmkfd.example/'],
    ['http://localhost:3000', 'http://localhost:3000/x'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000/x'],
    ['http://[::1]:3000', 'http://[::1]:3000/x'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]/x'],
    ['https://*.example.co.uk', 'https://a.example.co.uk/'],
  ])('%s is taken, and allows %s', async (pattern, url) => {
    const fetch = async (to: string, init: RequestInit) =>
      to.startsWith(emulator.url) ? on.fetch(to, init) : new Response()
    const own = createClient({ flow: serverFlow(emulator), ...on, fetch, allowedOrigins: [pattern] })
    expect((await own.fetch(url)).status).toBe(200)
    for (const other of ['https://a.b.c/', `blob:${url}`])
      expect(await rejection(own.fetch(other))).toMatchObject({ code: 'BAD_OPTION' })
  })

  test('letters of a pattern may be large', async () => {
    const fetch = async (url: string, init: RequestInit) =>
      url.startsWith(emulator.url) ? on.fetch(url, init) : new Response()
    const large = createClient({ flow: serverFlow(emulator), ...on, fetch, allowedOrigins: ['https://*.Example.TEST'] })
    expect((await large.fetch('https://a.example.test/')).status).toBe(200)
  })
})
