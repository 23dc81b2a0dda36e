import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aioConfig } from '../../src/adapters/node/config/aio-config.ts'
import { aioContexts } from '../../src/adapters/node/contexts-aio.ts'
import { createNodeIms } from '../../src/adapters/node/familiar.ts'
import { bundle, type Child, removeDirectory, run, start, temporaryDirectory } from './fixtures/scripts.ts'

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

describe('what a process leaves that is gone', () => {
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

  test('the room of a renewal under way is left alone', async () => {
    writeUser()
    await launch('prepared')
    const before = temporaries()
    expect(run([process.execPath, writer, file, 'write', state])).toBe('written')
    expect(temporaries()).toEqual(before)
  })
})

describe('prepared tokens', () => {
  const tokens = { access_token: { token: 'a', expiry: 2 }, refresh_token: { token: 'r', expiry: 3 } }

  test('that are not needed leave nothing, and a file that is gone is made again', async () => {
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
