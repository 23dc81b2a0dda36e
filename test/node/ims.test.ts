import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import hjson from 'hjson'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createNodeIms } from '../../src/adapters/node/compat.ts'
import { Ims, nodePlatform, ValidationCache } from '../../src/adapters/node/index.ts'
import { createClient } from '../../src/core/client.ts'
import { clientCredentials } from '../../src/core/flows/client-credentials.ts'
import { Ims as CoreIms } from '../../src/core/index.ts'
import { startEmulator } from '../../src/emulator/index.ts'
import { failureOf, unsignedToken } from '../core/scripted-server.ts'
import { removeDirectory, temporaryDirectory } from './fixtures/scripts.ts'

const variables = ['AIO_CLI_ENV', 'AIO_IMS_CONFIG_ENDPOINT', 'AIO_CONFIG_FILE', 'DEBUG', '__OW_ACTION_NAME']
const prod = 'https://ims-na1.adobelogin.com'
const stage = 'https://ims-na1-stg1.adobelogin.com'
let before: (string | undefined)[]
let root: string

beforeEach(() => {
  root = temporaryDirectory()
  vi.spyOn(process, 'cwd').mockReturnValue(root)
  before = variables.map((name) => process.env[name])
  for (const name of variables) delete process.env[name]
  process.env.AIO_CONFIG_FILE = join(root, 'global')
})

afterEach(() => {
  vi.restoreAllMocks()
  removeDirectory(root)
  for (const [index, name] of variables.entries()) {
    if (before[index] === undefined) delete process.env[name]
    else process.env[name] = before[index]
  }
})

describe('Ims in Node', () => {
  it('takes its environment from AIO_CLI_ENV, as @adobe/aio-lib-ims does', () => {
    expect(new Ims().endpoint).toBe('https://ims-na1.adobelogin.com')
    process.env.AIO_CLI_ENV = 'Stage'
    expect(new Ims().endpoint).toBe('https://ims-na1-stg1.adobelogin.com')
    expect(new Ims('prod').endpoint).toBe('https://ims-na1.adobelogin.com')
    expect(new Ims({ env: 'prod' }).endpoint).toBe('https://ims-na1.adobelogin.com')
  })

  it('is pointed at another IMS as a whole by AIO_IMS_CONFIG_ENDPOINT', () => {
    process.env.AIO_IMS_CONFIG_ENDPOINT = 'http://127.0.0.1:9090'
    for (const ims of [new Ims(), new Ims('stage'), new Ims({ env: 'stage' })]) {
      expect(ims.endpoint).toBe('http://127.0.0.1:9090')
    }
    expect(new Ims({ endpoint: 'https://ims.test' }).endpoint).toBe('https://ims.test')
  })

  it('prints its requests on stderr with DEBUG=imskit, and tells its listener too', async () => {
    process.env.DEBUG = 'imskit'
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const emulator = await startEmulator()
    const heard: string[] = []
    const ims = new Ims({ endpoint: emulator.url, onEvent: ({ type }) => heard.push(type) })
    await ims.getKeys()
    await emulator.close()
    expect(heard).toEqual(['request'])
    expect(printed.mock.calls.join('')).toMatch(/^imskit request .*"\/ims\/keys"/)
    expect(new Ims('nonsense').endpoint).toBe('https://ims-na1.adobelogin.com')
  })

  it('refuses an unknown environment in options, with DEBUG=imskit as without', () => {
    expect(() => new Ims({ env: 'nonsense' })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    process.env.DEBUG = 'imskit'
    expect(() => new Ims({ env: 'nonsense' })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  })
})

describe('environment and endpoint', () => {
  // as @adobe/aio-lib-core-config writes it
  const layout = { condense: true, emitRootBraces: true, separator: true, bracesSameLine: true, multiline: 'off' }
  const text = (content: object) => hjson.stringify(content, layout)
  const onStage = text({ cli: { env: 'stage' }, ims: { config: {} } })
  const places: [string, string, () => unknown][] = [
    ['cli.env of the global file', stage, () => global('{"cli":{"env":"stage"}}')],
    ['cli.env of a file as aio config writes it', stage, () => global(onStage)],
    ['cli.env of the local file', stage, () => local('{"cli":{"env":"stage"}}')],
    ['cli.env in a variable', stage, () => dotEnv('AIO_cli_env=Stage')],
    ['AIO_CLI_ENV of .env', stage, () => dotEnv('AIO_CLI_ENV=stage')],
    ['a variable over .env', prod, () => [dotEnv('AIO_CLI_ENV=stage'), setEnv({ AIO_CLI_ENV: 'prod' })]],
    ['AIO_CLI_ENV over cli.env', prod, () => [global(onStage), setEnv({ AIO_CLI_ENV: 'prod' })]],
    ['an unknown name', prod, () => global('{"cli":{"env":"nonsense"}}')],
    ['an endpoint of the global file', 'http://127.0.0.1:9471', () => global(endpointIn('http://127.0.0.1:9471'))],
    [
      'an endpoint over cli.env',
      'http://127.0.0.1:9471',
      () => [global(endpointIn('http://127.0.0.1:9471')), local(onStage)],
    ],
    ['an emptied variable', prod, () => setEnv({ AIO_IMS_CONFIG_ENDPOINT: '', AIO_CLI_ENV: '' })],
    ['nothing', prod, () => {}],
  ]
  const global = (text: string) => writeFileSync(join(root, 'global'), text)
  const local = (text: string) => writeFileSync(join(root, '.aio'), text)
  const dotEnv = (text: string) => writeFileSync(join(root, '.env'), `${text}\n`)
  const setEnv = (values: Record<string, string>) => Object.assign(process.env, values)
  const endpointIn = (endpoint: string) => JSON.stringify({ ims: { config: { endpoint } } })
  const machine = { clientId: 'c', clientSecret: 's', scopes: ['openid'] }

  /** Where a token request of a client and one of a context go. */
  async function requestsOf(more: { endpoint?: string } = {}): Promise<string[]> {
    const urls: string[] = []
    const fetch = async (url: string) => {
      urls.push(new URL(url).origin)
      return Response.json({ access_token: 'fresh', expires_in: 86_400, token_type: 'bearer' })
    }
    const platform = { ...nodePlatform({ directory: join(root, 'state') }), fetch, ...more }
    await createClient({ flow: clientCredentials(machine), ...platform }).getToken()
    const ims = createNodeIms({ directory: join(root, 'other'), fetch, ...more })
    const data = { client_id: 'x', client_secrets: ['s'], technical_account_email: 'e', technical_account_id: 't' }
    await ims.context.set('machine', { ...data, scopes: ['openid'], ims_org_id: 'o' })
    await ims.getToken('machine')
    return urls
  }

  it.each(places)('%s counts alike for Ims, fromToken, clients and contexts', async (_, expected, arrange) => {
    arrange()
    expect(new Ims().getApiUrl('/x')).toBe(`${expected}/x`)
    expect(await requestsOf()).toEqual([expected, expected])
    const { ims } = await Ims.fromToken(unsignedToken({ as: 'ims-na1' }))
    expect(ims).toBeInstanceOf(Ims)
    // a token names its environment itself
    expect(ims.endpoint).toBe(expected.startsWith('https:') ? prod : expected)
    const other = await Ims.fromToken(unsignedToken({ as: 'ims-eu1' }))
    expect(other.ims.endpoint).toBe(expected.startsWith('https:') ? 'https://ims-eu1.adobelogin.com' : expected)
  })

  it('options win', async () => {
    global(endpointIn('http://127.0.0.1:9471'))
    const options = { endpoint: 'https://ims.test' }
    expect(new Ims(options).endpoint).toBe('https://ims.test')
    expect((await Ims.fromToken(unsignedToken({ as: 'ims-na1' }), options)).ims.endpoint).toBe('https://ims.test')
    expect(await requestsOf(options)).toEqual(['https://ims.test', 'https://ims.test'])
    expect(new Ims('stage').endpoint).toBe('http://127.0.0.1:9471')
  })

  it('of a YAML file are known at the first request', async () => {
    global('cli:\n  env: stage\n')
    const urls: string[] = []
    const fetch = async (url: string) => {
      urls.push(url)
      return Response.json({ keys: [] })
    }
    const ims = new Ims({ fetch })
    await Promise.all([ims.getKeys(), ims.getKeys()])
    expect(urls).toEqual([`${stage}/ims/keys`, `${stage}/ims/keys`])
    expect([ims.env, ims.endpoint, ims.getApiUrl('/x')]).toEqual(['stage', stage, `${stage}/x`])
    const set = new Ims({ fetch })
    set.endpoint = 'https://ims.test'
    await set.getKeys()
    expect(urls.at(-1)).toBe('https://ims.test/ims/keys')
  })

  it('of a file that is damaged are not guessed', async () => {
    global('{"cli":{"env":')
    const fetch = vi.fn()
    const ims = new Ims({ fetch })
    for (const _ of ['twice'])
      expect(await failureOf(ims.getOrganizations('t'))).toMatchObject({ code: 'CONFIG_UNREADABLE' })
    expect(fetch).not.toHaveBeenCalled()
    global('{}')
    fetch.mockResolvedValue(Response.json([]))
    await expect(ims.getOrganizations('t')).resolves.toEqual([])
  })

  it.each([
    ['.aio', () => local(endpointIn('http://127.0.0.1:9'))],
    ['.env', () => dotEnv('AIO_IMS_CONFIG_ENDPOINT=http://127.0.0.1:9')],
  ])('that only the working directory names (%s) get nothing', async (file, arrange) => {
    arrange()
    const fetch = vi.fn()
    const signed = [{ alg: 'RS256', kid: 'k' }, {}]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
      .concat('.eA')
    const ims = new Ims({ fetch })
    const refusal = { code: 'UNTRUSTED_SOURCE', details: { file: join(root, file), key: 'ims.config.endpoint' } }
    expect(await failureOf(ims.getOrganizations('user-token'))).toMatchObject(refusal)
    expect(await failureOf(ims.exchangeJwtToken('c', 's', 'j'))).toMatchObject(refusal)
    expect(await failureOf(ims.verifyToken(signed))).toMatchObject(refusal)
    expect(() => ims.getApiUrl('/x')).toThrow(expect.objectContaining(refusal))
    expect(() => ims.getSusiUrl('c')).toThrow(expect.objectContaining(refusal))
    expect(await failureOf(Ims.fromToken(unsignedToken({ as: 'ims-na1' })))).toMatchObject(refusal)
    expect(fetch).not.toHaveBeenCalled()
    ims.endpoint = 'https://ims.test'
    expect(ims.getApiUrl('/x')).toBe('https://ims.test/x')
  })

  it('fromToken refuses what names no IMS, and is the core’s own in the core', async () => {
    expect(await failureOf(Ims.fromToken(unsignedToken({})))).toMatchObject({ code: 'CANNOT_RESOLVE_ENVIRONMENT' })
    expect(await failureOf(Ims.fromToken('x'))).toMatchObject({ code: 'BAD_TOKEN' })
    const { fromToken } = Ims
    expect((await fromToken(unsignedToken({ as: 'ims-na1' }))).ims).toBeInstanceOf(Ims)
    const { ims } = await CoreIms.fromToken(unsignedToken({ as: 'ims-na1' }))
    expect(ims).toBeInstanceOf(CoreIms)
    expect(ims).not.toBeInstanceOf(Ims)
  })

  it('an instance takes a cache in addition to them', () => {
    const cache = new ValidationCache()
    expect(new Ims(undefined, cache).cache).toBe(cache)
    expect('cache' in new Ims()).toBe(false)
  })
})
