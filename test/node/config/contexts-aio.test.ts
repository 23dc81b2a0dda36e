import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createNodeIms } from '../../../src/adapters/node/compat.ts'
import { aioConfig } from '../../../src/adapters/node/config/aio-config.ts'
import { aioContexts } from '../../../src/adapters/node/config/contexts-aio.ts'
import { bundle, type Child, removeDirectory, run, start, temporaryDirectory } from '../fixtures/scripts.ts'

// the tokens of a user's context: one request at a time, and none whose answer could not be stored

let scripts: string
let writer: string
let directory: string
let file: string
let state: string
let children: Child[]

beforeAll(async () => {
  scripts = temporaryDirectory()
  writer = await bundle('context-writer.ts', scripts)
})
afterAll(() => removeDirectory(scripts))
beforeEach(() => {
  directory = temporaryDirectory()
  file = join(directory, 'aio')
  state = join(directory, 'state')
  children = []
})
afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all(children.map((child) => child.ended))
  removeDirectory(directory)
})

const temporaries = () => readdirSync(directory).filter((name) => name.endsWith('.tmp'))
const openConfig = () => aioConfig({ cwd: directory, home: directory, env: { AIO_CONFIG_FILE: file } })
const storedUser = () => JSON.parse(readFileSync(file, 'utf8')).ims.contexts.user

function writeUser() {
  const user = {
    client_id: 'app',
    client_secret: 'secret',
    scope: 'openid',
    redirect_uri: 'http://127.0.0.1:1/',
    access_token: { token: 'expired', expiry: 1 },
    refresh_token: { token: 'first', expiry: Date.now() + 86_400_000 },
  }
  writeFileSync(file, JSON.stringify({ ims: { contexts: { user } } }), { mode: 0o600 })
}

/** Tokens over the files here, with an IMS that answers as `answer` says. */
function imsHere(answer: (body: string) => Response | Promise<Response>) {
  const requests: string[] = []
  const fetch = async (_url: string, init: RequestInit) => {
    requests.push(String(init.body))
    return answer(String(init.body))
  }
  const ims = createNodeIms({ directory: state, config: openConfig(), endpoint: 'https://ims.test', fetch })
  return { ims, requests }
}

const successor = () =>
  Response.json({ access_token: 'renewed', refresh_token: 'second', expires_in: 86_400, token_type: 'bearer' })

describe('a renewal in a context', () => {
  test('reserves the room for its successor before it asks, and uses it', async () => {
    writeUser()
    const seen: { names: string[]; size: number; notes: number }[] = []
    const { ims, requests } = imsHere(() => {
      const names = temporaries()
      const size = statSync(join(directory, names[0] ?? '')).size
      seen.push({ names, size, notes: readdirSync(join(state, 'tokens')).length })
      return successor()
    })
    expect(await ims.getToken('user')).toBe('renewed')
    expect(requests).toHaveLength(1)
    expect(seen).toMatchObject([{ names: [expect.stringMatching(/^aio\.lock\..*\.tmp$/)], notes: 1 }])
    expect(seen[0]?.size).toBeGreaterThan(statSync(file).size)
    expect(storedUser()).toMatchObject({ access_token: { token: 'renewed' }, refresh_token: { token: 'second' } })
    expect(readdirSync(directory).sort()).toEqual(['aio', 'state'])
    expect(readFileSync(file, 'utf8')).not.toContain('renewals')
  })

  test('whose successor could not be written sends nothing', async () => {
    writeUser()
    const before = readFileSync(file, 'utf8')
    mkdirSync(`${file}.lock`)
    const { ims, requests } = imsHere(successor)
    await expect(ims.getToken('user')).rejects.toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED' })
    expect(requests).toEqual([])
    expect(readFileSync(file, 'utf8')).toBe(before)
    rmdirSync(`${file}.lock`)
    expect(await ims.getToken('user')).toBe('renewed')
  })

  test('that IMS does not answer leaves no temporary file', async () => {
    writeUser()
    const { ims } = imsHere(() => new Response('down', { status: 400 }))
    await expect(ims.getToken('user')).rejects.toMatchObject({ name: 'UnavailableError' })
    expect(temporaries()).toEqual([])
    expect(storedUser().refresh_token.token).toBe('first')
  })

  test('in a file that cannot be read for a moment asks nothing and forgets nothing', async () => {
    writeUser()
    const text = readFileSync(file, 'utf8')
    const { ims, requests } = imsHere(successor)
    await ims.context.get('user')
    const outcome = run([process.execPath, writer, file, 'exhausted', state])
    expect(outcome).toEqual([
      { name: 'UnavailableError', code: 'STORE_FAILED' },
      { name: 'UnavailableError', code: 'STORE_FAILED' },
    ])
    expect(requests).toEqual([])
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})

describe('what an exited process leaves', () => {
  async function launch(mode: string) {
    const child = start(writer, [file, mode, state])
    children.push(child)
    await child.next()
    return child
  }

  test.each(['prepared', 'stuck'])('by SIGKILL, %s: removed by the next that writes the file', async (mode) => {
    writeUser()
    const child = await launch(mode)
    expect(temporaries()).toHaveLength(1)
    if (mode === 'stuck') expect(readFileSync(join(directory, temporaries()[0] ?? ''), 'utf8')).toContain('S3CRET')
    child.process.kill('SIGKILL')
    await child.ended
    expect(run([process.execPath, writer, file, 'write', state])).toBe('written')
    expect(readdirSync(directory)).toEqual(['aio'])
    expect(storedUser().access_token.token).toBe('other')
  })

  test('by its end: nothing', async () => {
    writeUser()
    const child = await launch('prepared')
    child.process.send('exit')
    await child.ended
    expect(readdirSync(directory)).toEqual(['aio'])
  })

  test('the room of a pending renewal is left alone', async () => {
    writeUser()
    await launch('prepared')
    const before = temporaries()
    expect(run([process.execPath, writer, file, 'write', state])).toBe('written')
    expect(temporaries()).toEqual(before)
  })
})

describe('prepared tokens', () => {
  const tokens = { access_token: { token: 'a', expiry: 2 }, refresh_token: { token: 'r', expiry: 3 } }

  test('that are not needed leave nothing, and a file that was removed is made again', async () => {
    writeUser()
    const contexts = aioContexts(openConfig())
    const unused = await contexts.prepareTokens?.('user')
    expect(temporaries()).toHaveLength(1)
    unused?.discard()
    expect(temporaries()).toEqual([])
    await unused?.write(tokens)
    expect(storedUser()).toMatchObject(tokens)
    expect(readdirSync(directory)).toEqual(['aio'])
  })

  test('go to the local file if their context is there', async () => {
    writeFileSync(join(directory, '.aio'), JSON.stringify({ ims: { contexts: { user: { client_id: 'app' } } } }))
    const prepared = await aioContexts(openConfig()).prepareTokens?.('user')
    expect(temporaries()).toEqual([expect.stringMatching(/^\.aio\.lock\./)])
    await prepared?.write(tokens)
    expect(JSON.parse(readFileSync(join(directory, '.aio'), 'utf8')).ims.contexts.user).toMatchObject(tokens)
    expect(existsSync(file)).toBe(false)
    expect(temporaries()).toEqual([])
  })
})

describe('a name is one name, whatever characters it has', () => {
  const odd = [
    '.',
    '..',
    'a.b',
    'a.',
    '.a',
    'a..b',
    'a',
    'b',
    'a.access_token',
    '__proto__',
    'constructor',
    ' ',
    'length',
    '0',
  ]
  const names = fc.oneof(fc.constantFrom(...odd), fc.string(), fc.string({ unit: 'grapheme' }))
  const dataOf = (name: string) => ({ client_id: `id of ${name}`, b: { client_id: 'inner' }, scope: 'openid' })

  test('no call for one context touches another', async () => {
    const property = fc.asyncProperty(fc.uniqueArray(names, { minLength: 2, maxLength: 6 }), async (all) => {
      const distinct = [...new Map(all.map((name) => [name.toLowerCase(), name])).values()]
      const usable = distinct.filter((name) => name !== '' && name !== '__proto__')
      const config = openConfig()
      await config.set('global', 'ims.contexts', undefined)
      const contexts = aioContexts(config)
      for (const name of usable) await contexts.write(name, dataOf(name), false)
      for (const name of usable) expect((await contexts.read(name)).data).toEqual(dataOf(name))
      expect((await contexts.names()).sort()).toEqual([...usable].sort())
      const [first = '', ...others] = usable
      const token = { token: 't', expiry: 1 }
      await contexts.writeTokens(first, { access_token: token })
      if (first !== '') expect((await contexts.read(first)).data).toEqual({ ...dataOf(first), access_token: token })
      for (const name of others) expect((await contexts.read(name)).data).toEqual(dataOf(name))
      await contexts.write(first, undefined, false)
      for (const name of others) expect((await contexts.read(name)).data).toEqual(dataOf(name))
      expect((await contexts.names()).sort()).toEqual([...others].sort())
    })
    await fc.assert(property, { numRuns: 60 })
  })

  test.each(['.', '..', 'a..b', '.a', ' . '])('%j never stands for what contains it', async (name) => {
    writeUser()
    const contexts = aioContexts(openConfig())
    expect((await contexts.read(name)).data).toBeUndefined()
    await contexts.write(name, undefined, false)
    await contexts.write(name, { client_id: 'own' }, false)
    await contexts.writeTokens(name, { access_token: { token: 't', expiry: 1 } })
    await contexts.write(name, undefined, false)
    expect((await contexts.names()).sort()).toEqual(['user'])
    expect(storedUser()).toMatchObject({ client_id: 'app' })
  })

  test('__proto__ is refused, and changes nothing', async () => {
    writeUser()
    const text = readFileSync(file, 'utf8')
    const contexts = aioContexts(openConfig())
    await expect(contexts.write('__proto__', { client_id: 'x' }, false)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect({}).not.toHaveProperty('client_id')
  })

  test('a value inside a context is read by its dotted name, and never written by it', async () => {
    writeUser()
    const contexts = aioContexts(openConfig())
    expect((await contexts.read('user.scope')).data).toBe('openid')
    await contexts.write('user.scope', undefined, false)
    expect(storedUser().scope).toBe('openid')
    await contexts.write('user.scope', { client_id: 'own' }, false)
    expect(storedUser().scope).toBe('openid')
    expect((await contexts.read('user.scope')).data).toEqual({ client_id: 'own' })
  })

  test('a context that @adobe/aio-lib-ims stored under a dotted name is read, renewed and removed there', async () => {
    writeFileSync(
      file,
      JSON.stringify({ ims: { contexts: { my: { ctx: { client_id: 'c' }, other: { client_id: 'o' } } } } }),
    )
    const contexts = aioContexts(openConfig())
    const stored = () => JSON.parse(readFileSync(file, 'utf8')).ims.contexts
    await contexts.writeTokens('my.ctx', { access_token: { token: 't', expiry: 1 } })
    expect(stored().my).toMatchObject({ ctx: { client_id: 'c', access_token: { token: 't' } } })
    await contexts.write('my.ctx', undefined, false)
    expect(stored()).toEqual({ my: { other: { client_id: 'o' } } })
  })
})
