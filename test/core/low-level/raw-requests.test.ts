import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type Fetch, Ims } from '../../../src/core/index.ts'
import { failureOf } from '../scripted-server.ts'
import { imsWith } from './ims-on-emulator.ts'

// the one that @adobe/aio-lib-ims depends on
const NpmFormData: new () => { append(name: string, value: unknown, options?: object): void } = createRequire(
  import.meta.resolve('@adobe/aio-lib-ims'),
)('form-data')

describe('the raw calls', () => {
  const echo = (answer: string, headers: Record<string, string> = {}) => {
    const seen: { url: string; init: RequestInit }[] = []
    const fetch = async (url: string, init: RequestInit) => {
      seen.push({ url, init })
      return new Response(answer, { headers })
    }
    return { seen, using: new Ims({ endpoint: 'https://ims.test', fetch }) }
  }

  it('get puts its parameters into the URL, and the token nowhere but the header', async () => {
    const { seen, using } = echo('{"a":1}')
    const parameters = { client_id: 'a b&c=d', n: 5, no: false, none: undefined, nil: null }
    await expect(using.get('/ims/x?already=1', 'the-token', parameters)).resolves.toEqual({ a: 1 })
    const url = new URL(seen[0]?.url ?? '')
    expect(Object.fromEntries(url.searchParams)).toEqual({ already: '1', client_id: 'a b&c=d', n: '5', no: 'false' })
    expect(new Headers(seen[0]?.init.headers).get('authorization')).toBe('Bearer the-token')
    expect(url.href).not.toContain('the-token')
    expect(url.href).not.toContain('undefined')
  })

  it('post puts them urlencoded into the body', async () => {
    const { seen, using } = echo('{}')
    await using.post('/ims/x', undefined, { a: 'b c', none: undefined })
    expect(String(seen[0]?.init.body)).toBe('a=b+c')
    expect(seen[0]?.init.method).toBe('POST')
    expect(new Headers(seen[0]?.init.headers).has('authorization')).toBe(false)
  })

  it('resolve to text if it is not JSON, as in @adobe/aio-lib-ims, and accept any success', async () => {
    await expect(echo('plain').using.get('/x')).resolves.toBe('plain')
    await expect(echo('').using.get('/x')).resolves.toBe('')
    const created = new Ims({ endpoint: 'https://ims.test', fetch: async () => new Response('{}', { status: 201 }) })
    await expect(created.post('/x')).resolves.toEqual({})
    const empty = new Ims({ endpoint: 'https://ims.test', fetch: async () => new Response(null, { status: 204 }) })
    await expect(empty.revokeToken('t', { clientId: 'c' })).resolves.toBeUndefined()
  })
})

describe('the parameters of get and post', () => {
  const recording = () => {
    const bodies: [string, string][] = []
    const fetch: Fetch = async (url, init) => {
      const request = new Request(url, { method: init.method ?? 'GET', body: init.body ?? null })
      bodies.push([
        (request.headers.get('content-type') ?? '').replace(/boundary=.*/, 'boundary'),
        await request.text(),
      ])
      return Response.json({ asked: new URL(url).search })
    }
    return { bodies, using: imsWith({ fetch }) }
  }

  it('may be a Map or URLSearchParams', async () => {
    const { using, bodies } = recording()
    for (const parameters of [{ a: 1, b: undefined }, new Map([['a', 1]]), new URLSearchParams('a=1')]) {
      await expect(using.get('/ims/x', undefined, parameters)).resolves.toEqual({ asked: '?a=1' })
      await using.post('/ims/x', undefined, parameters)
      expect(bodies.at(-1)).toEqual(['application/x-www-form-urlencoded;charset=UTF-8', 'a=1'])
    }
  })

  it('may be a FormData, of the platform or of the package form-data', async () => {
    const { using, bodies } = recording()
    const own = new FormData()
    const npm = new NpmFormData()
    for (const one of [own, npm]) one.append('a', 'ä')
    npm.append('file', Readable.from(['of ', 'a stream']), { filename: 'x.txt', contentType: 'text/plain' })
    for (const one of [own, npm]) {
      await using.post('/ims/x', undefined, one)
      const [type, body = ''] = bodies.at(-1) ?? []
      expect(type).toBe('multipart/form-data; boundary')
      expect(body).toMatch(/name="a"\r\n(?:.*\r\n)?\r\nä\r\n/)
    }
    expect(bodies.at(-1)?.[1]).toContain('of a stream')
  })

  it('that cannot be read are refused', async () => {
    const { using, bodies } = recording()
    const npm = new NpmFormData()
    npm.append(
      'file',
      new Readable({
        read() {
          this.destroy(new Error('gone'))
        },
      }),
      { filename: 'x', knownLength: 3 },
    )
    expect(await failureOf(using.post('/ims/x', undefined, npm))).toMatchObject({ code: 'BAD_OPTION' })
    expect(bodies).toEqual([])
  })
})
