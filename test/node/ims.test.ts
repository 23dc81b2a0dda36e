import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ims } from '../../src/adapters/node/index.ts'
import { startEmulator } from '../../src/emulator/index.ts'

const variables = ['AIO_CLI_ENV', 'AIO_IMS_CONFIG_ENDPOINT', 'DEBUG']
let before: (string | undefined)[]

beforeEach(() => {
  before = variables.map((name) => process.env[name])
  for (const name of variables) delete process.env[name]
})

afterEach(() => {
  vi.restoreAllMocks()
  for (const [index, name] of variables.entries()) {
    if (before[index] === undefined) delete process.env[name]
    else process.env[name] = before[index]
  }
})

describe('Ims in Node', () => {
  it('takes its environment from AIO_CLI_ENV, as the old library does', () => {
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
