import { describe, expect, it } from 'vitest'
import { type CreateImsOptions, getTokenData, memoryStore } from '../../../src/core/index.ts'
import { failureOf } from '../scripted-server.ts'
import { imsOver, machine, tokenRequests } from './contexts-on-emulator.ts'

describe('options of one call', () => {
  it('are merged over the context for that call, and do not leak into the next', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const plain = await getToken('x')
    const options = Object.freeze({ scopes: Object.freeze(['openid']) })
    const narrow = await getToken('x', options)
    expect(getTokenData(narrow).scope).toBe('openid')
    const after = await getToken('x')
    expect(getTokenData(after).scope).toBe(getTokenData(plain).scope)
    expect(getTokenData(await getToken('x', { scopes: ['openid'] })).scope).toBe('openid')
    expect((await context.get('x')).data).toMatchObject(machine())
  })

  it('do not leak through the store, either', async () => {
    const store = memoryStore()
    const first = imsOver({ store })
    await first.context.set('x', machine())
    await first.getToken('x', { scopes: ['openid'] })
    const token = await imsOver({ store }).getToken('x')
    expect(getTokenData(token).scope).toBe(machine().scopes.join(','))
  })

  it('do not take the place of the tokens of the context', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const plain = await getToken('x')
    await getToken('x', { scopes: ['openid'] })
    expect((await context.get('x')).data?.access_token).toMatchObject({ token: plain })
  })

  it('that mean nothing to the token share it', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    const token = await getToken('x')
    expect(await getToken('x', { open: false, bare: true, prompt: 'login', timeout: 5 })).toBe(token)
    expect(await getToken('x', {})).toBe(token)
    expect(tokenRequests()).toHaveLength(1)
  })

  it('can complete a context', async () => {
    const { context, getToken } = imsOver()
    const { client_secrets, ...rest } = machine()
    await context.set('x', { ...rest, client_id: 'none' })
    const { client_id } = machine()
    await expect(getToken('x', { client_secrets, client_id })).resolves.toBeTypeOf('string')
  })

  it.each([null, 'text', 5, true])('that are %j do not count as options', async (options) => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    await expect(getToken('x', options as never)).resolves.toBeTypeOf('string')
  })

  it('of a wrong type are named', async () => {
    const { context, getToken } = imsOver()
    await context.set('x', machine())
    expect(await failureOf(getToken('x', { client_id: 5 }))).toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('client_id'),
    })
    expect(tokenRequests()).toEqual([])
  })

  it('of a context with the name of another one’s call do not meet', async () => {
    const ims = imsOver()
    await ims.context.set('x', machine())
    await ims.context.set('x {"scopes":["openid"]}', { ...machine(), scopes: ['AdobeID'] })
    const narrow = await ims.getToken('x', { scopes: ['openid'] })
    const other = await ims.getToken('x {"scopes":["openid"]}')
    expect([narrow, other].map((token) => getTokenData(token).scope)).toEqual(['openid', 'AdobeID'])
  })
})

describe('env and endpoint', () => {
  const hosts = async (options: Partial<CreateImsOptions>, data: Record<string, unknown> = {}) => {
    const asked: string[] = []
    const fetch = async (url: string) => {
      asked.push(new URL(url).host)
      return Response.json({ access_token: 'token', expires_in: 86_400 })
    }
    const { context, getToken } = imsOver({ fetch, ...options })
    const { endpoint: _, ...rest } = machine()
    await context.set('x', { ...rest, ...data })
    await getToken('x')
    return asked[0]
  }

  it('come from the context, then the options, then the platform, then prod', async () => {
    const defaults = async () => ({ env: 'stage' })
    expect(await hosts({})).toBe('ims-na1.adobelogin.com')
    expect(await hosts({ defaults })).toBe('ims-na1-stg1.adobelogin.com')
    expect(await hosts({ defaults, env: 'prod' })).toBe('ims-na1.adobelogin.com')
    expect(await hosts({ env: 'prod' }, { env: 'stage' })).toBe('ims-na1-stg1.adobelogin.com')
    expect(await hosts({ endpoint: 'https://a.test' })).toBe('a.test')
    expect(await hosts({ endpoint: 'https://a.test' }, { endpoint: 'https://b.test' })).toBe('b.test')
    expect(await hosts({ defaults: async () => ({ endpoint: 'http://127.0.0.1:9' }) })).toBe('127.0.0.1:9')
    expect(await hosts({}, { env: 'stage', endpoint: 'https://b.test' })).toBe('b.test')
    const elsewhere = async () => ({ endpoint: 'http://127.0.0.1:9' })
    expect(await hosts({ defaults: elsewhere, env: 'prod' }, { env: 'stage' })).toBe('127.0.0.1:9')
  })
})
