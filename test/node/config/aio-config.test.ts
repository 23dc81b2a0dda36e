import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AioConfigOptions, aioConfig } from '../../../src/adapters/node/config/aio-config.ts'
import type { Json } from '../../../src/core/ports.ts'
import { removeDirectory, temporaryDirectory } from '../fixtures/scripts.ts'

let directory: string
let globalFile: string
let localFile: string

beforeEach(() => {
  directory = temporaryDirectory()
  mkdirSync(join(directory, '.config'))
  globalFile = join(directory, '.config', 'aio')
  localFile = join(directory, '.aio')
})
afterEach(() => {
  vi.useRealTimers()
  removeDirectory(directory)
})

function open(env: AioConfigOptions['env'] = {}) {
  return aioConfig({ cwd: directory, home: directory, env })
}

function write(file: string, content: unknown) {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
}

function read(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

describe('reading', () => {
  test('global is below local, local below the environment; lists and scalars replace, objects merge', async () => {
    write(globalFile, { a: { g: 1, list: [1, 2], s: 'g' }, only: { g: true } })
    write(localFile, { a: { l: 1, list: [3], s: { deep: 1 } } })
    const config = open({ AIO_A_E: 'e', AIO_ONLY: 'scalar' })
    expect(await config.get('a')).toEqual({ g: 1, l: 1, e: 'e', list: [3], s: { deep: 1 } })
    expect(await config.get('only')).toBe('scalar')
    expect(await config.get('a', 'global')).toEqual({ g: 1, list: [1, 2], s: 'g' })
    expect(await config.get('a.l', 'global')).toBeUndefined()
    expect(await config.get('a', 'env')).toEqual({ e: 'e' })
    expect(await config.get()).toEqual({ a: { g: 1, l: 1, e: 'e', list: [3], s: { deep: 1 } }, only: 'scalar' })
  })

  test('a scalar in the middle hides what is below it, also from an object above', async () => {
    write(globalFile, { x: { g: 1 } })
    write(localFile, { x: 5 })
    expect(await open({ AIO_X_E: '1' }).get('x')).toEqual({ e: '1' })
  })

  test('names match in any case', async () => {
    write(globalFile, { IMS: { Contexts: { Foo: { client_ID: 1 } } } })
    expect(await open().get('ims.contexts.FOO.client_id')).toBe(1)
  })

  test('a variable overrides a context that the file spells in mixed case, and both are one context', async () => {
    write(globalFile, { ims: { contexts: { Foo: { client_id: 'file', scope: 's' } } } })
    const config = open({ AIO_IMS_CONTEXTS_FOO_CLIENT__ID: 'variable' })
    expect(await config.get('ims.contexts.Foo.client_id')).toBe('variable')
    expect(await config.get('ims.contexts')).toEqual({ Foo: { client_id: 'variable', scope: 's' } })
    expect(await config.names('ims.contexts')).toEqual(['Foo'])
  })

  test('of two spellings in one file the first counts, in large objects too', async () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`c${i}`, i]))
    write(globalFile, { small: { Foo: 1, foo: 2 }, large: { ...many, Foo: 1, foo: 2 } })
    const config = open()
    expect(await config.get('small.foo')).toBe(1)
    expect(await config.get('large.foo')).toBe(1)
    expect(await config.names('small')).toEqual(['Foo'])
    expect(await config.names('large')).toHaveLength(51)
  })

  test('a path given name by name reaches names with dots', async () => {
    write(globalFile, { ims: { contexts: { 'my.ctx': { 'cli.bare-output': false } } } })
    const config = open()
    expect(await config.get(['ims', 'contexts', 'my.ctx', 'cli.bare-output'])).toBe(false)
    expect(await config.get('ims.contexts.my.ctx')).toBeUndefined()
  })

  test('a result belongs to the caller', async () => {
    write(globalFile, { a: { b: [1] } })
    const config = open()
    const value = (await config.get('a')) as { b: number[] }
    value.b.push(2)
    expect(await config.get('a')).toEqual({ b: [1] })
  })

  test('a change by others is seen at the next call', async () => {
    const config = open()
    expect(await config.get('a')).toBeUndefined()
    for (const value of ['one', 'two', 'six']) {
      write(globalFile, { a: value })
      expect(await config.get('a')).toBe(value)
    }
  })

  test('a change of the same size in the same tick of the file system is seen', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_005 })
    const config = open()
    for (const value of ['one', 'two']) {
      write(globalFile, { a: value })
      utimesSync(globalFile, 1000, 1000)
      expect(await config.get('a')).toBe(value)
    }
  })

  test('an old file is not parsed again while it stays as it is', async () => {
    write(globalFile, { a: 1 })
    utimesSync(globalFile, 1000, 1000)
    const config = open()
    expect(await config.get('a')).toBe(1)
    write(globalFile, { a: 2 })
    utimesSync(globalFile, 1000, 1000)
    expect(await config.get('a')).toBe(1)
  })

  test('an empty file that someone is just filling is not taken for an empty configuration', async () => {
    write(globalFile, '')
    const reading = open().get('a')
    setImmediate(() => write(globalFile, { a: 1 }))
    expect(await reading).toBe(1)
  })

  test.each(['', '{ "a": '])(
    'a clock and timers that stand still do not make reading wait for ever: %j',
    async (text) => {
      write(globalFile, text)
      vi.useFakeTimers({ now: Date.now() })
      const outcome = await open()
        .get('a')
        .catch((error) => error.code)
      expect(outcome).toBe(text === '' ? undefined : 'CONFIG_UNREADABLE')
    },
  )

  test('an empty file, blanks and a missing one hold nothing', async () => {
    write(globalFile, '')
    utimesSync(globalFile, 1000, 1000)
    write(localFile, ' \n')
    expect(await open().get()).toEqual({})
  })

  test('HJSON and YAML are read, with a byte order mark too', async () => {
    write(globalFile, '\ufeff{\n  # comment\n  a: text without quotes\n  b: [1\n2]\n}')
    write(localFile, 'c: 1\nc: 2\nd:\n  - x\ne: 2020-01-02\n')
    const config = open()
    expect(await config.get()).toEqual({
      a: 'text without quotes',
      b: [1, 2],
      c: 2,
      d: ['x'],
      e: '2020-01-02T00:00:00.000Z',
    })
  })
})

describe('the environment', () => {
  test('nothing is read before it is needed', async () => {
    const config = open()
    write(join(directory, '.env'), 'AIO_A=1')
    expect(await config.get('a')).toBe('1')
  })

  test('.env is below the real environment and leaves process.env alone', async () => {
    write(join(directory, '.env'), 'AIO_A=file\nAIO_B=file\naio_c=low\nPLAIN=p\n')
    const { env } = process
    const before = { ...env }
    const config = open({ AIO_A: 'real' })
    expect(await config.get()).toEqual({ a: 'real', b: 'file', c: 'low' })
    await config.set('local', 'x', 1)
    expect(process.env).toBe(env)
    expect({ ...process.env }).toEqual(before)
    expect(await config.variable('PLAIN')).toBe('p')
    expect(await config.variable('AIO_A')).toBe('real')
    expect(await config.variable('MISSING')).toBeUndefined()
  })

  test('.env cannot send the configuration elsewhere', async () => {
    const elsewhere = join(directory, 'elsewhere')
    const names = ['AIO_CONFIG_FILE', 'aio_config_file', 'XDG_CONFIG_HOME']
    write(join(directory, '.env'), `${names.map((name) => `${name}=${elsewhere}`).join('\n')}\nAIO_CONFIG_KEY=evil\n`)
    const config = open()
    expect(await config.path('global')).toBe(globalFile)
    expect(await config.path('local')).toBe(localFile)
    expect(await config.get('config')).toBeUndefined()
  })

  test('a .env that is a directory is passed over', async () => {
    mkdirSync(join(directory, '.env'))
    expect(await open({ AIO_A: '1' }).get('a')).toBe('1')
  })

  test('the places: AIO_CONFIG_FILE, XDG_CONFIG_HOME, AIO_CONFIG_KEY', async () => {
    const xdg = join(directory, 'xdg')
    expect(await open({ XDG_CONFIG_HOME: xdg }).path('global')).toBe(join(xdg, 'aio'))
    expect(await open({ XDG_CONFIG_HOME: xdg, AIO_CONFIG_FILE: 'own' }).path('global')).toBe(join(directory, 'own'))
    const other = open({ AIO_CONFIG_KEY: 'wxp', WXP_A: '1', AIO_A: '2' })
    expect([await other.path('global'), await other.path('local')]).toEqual([
      join(directory, '.config', 'wxp'),
      join(directory, '.wxp'),
    ])
    expect(await other.get()).toEqual({ a: '1' })
  })

  test('a new look at the environment is taken on reload', async () => {
    const env: Record<string, string> = { AIO_A: '1' }
    const config = open(env)
    expect(await config.get('a')).toBe('1')
    env.AIO_A = '2'
    expect(await config.get('a')).toBe('1')
    config.reload()
    expect(await config.get('a')).toBe('2')
  })
})

describe('writing', () => {
  test('sets, replaces and removes one value and keeps all else', async () => {
    write(globalFile, { other: { kept: 1 }, ims: { contexts: { a: { x: 1 } } } })
    const config = open()
    await config.set('global', 'ims.contexts.b', { y: 2 })
    await config.set('global', ['ims', 'contexts', 'dotted.name'], { z: 3 })
    await config.set('global', 'ims.contexts.a', undefined)
    expect(read(globalFile)).toEqual({
      other: { kept: 1 },
      ims: { contexts: { b: { y: 2 }, 'dotted.name': { z: 3 } } },
    })
    expect(await config.get('ims.contexts.b')).toEqual({ y: 2 })
  })

  test('is JSON with two spaces, in the order of the file', async () => {
    await open().set('local', 'ims.contexts.x', { a: ['line\nbreak', { b: 1 }], c: { d: 'é' } })
    const tree = { ims: { contexts: { x: { a: ['line\nbreak', { b: 1 }], c: { d: 'é' } } } } }
    expect(readFileSync(localFile, 'utf8')).toBe(`${JSON.stringify(tree, null, 2)}\n`)
    await open().set('local', 'top', [1])
    await open().set('local', ['ims', 'scalar'], 1)
    expect(readFileSync(localFile, 'utf8')).toBe(
      `${JSON.stringify({ ims: { ...tree.ims, scalar: 1 }, top: [1] }, null, 2)}\n`,
    )
  })

  test('finds existing names in any case, and removes every spelling', async () => {
    write(globalFile, { IMS: { Contexts: { Foo: { a: 1 }, foo: { a: 2 }, bar: 1 } } })
    const config = open()
    await config.set('global', 'ims.contexts.FOO.a', 3)
    expect(read(globalFile)).toEqual({ IMS: { Contexts: { Foo: { a: 3 }, foo: { a: 2 }, bar: 1 } } })
    await config.set('global', 'ims.contexts.foo', undefined)
    expect(read(globalFile)).toEqual({ IMS: { Contexts: { bar: 1 } } })
  })

  test('null and empty objects are not saved, everything else is; the caller keeps what it passed', async () => {
    const value = { n: null, e: {}, deep: { e: { n: null } }, s: '', z: 0, f: false, l: [null, {}], u: undefined }
    const before = structuredClone(value)
    const config = open()
    await config.set('global', 'a', value as unknown as Json)
    expect(value).toEqual(before)
    expect(read(globalFile)).toEqual({ a: { s: '', z: 0, f: false, l: [null, {}] } })
    expect(await config.get('a')).toEqual({ s: '', z: 0, f: false, l: [null, {}] })
    value.l.push(1 as never)
    expect(await config.get('a.l')).toEqual([null, {}])
  })

  test('a file that has nothing left is an empty object, never an empty file', async () => {
    const config = open()
    await config.set('global', 'a', 1)
    await config.set('global', 'a', undefined)
    expect(readFileSync(globalFile, 'utf8')).toBe('{}\n')
    expect(await open().get()).toEqual({})
  })

  test('a path through a list is refused, one through a scalar replaces it', async () => {
    write(globalFile, { list: [1, 2], scalar: 'x' })
    const config = open()
    await expect(config.set('global', 'list.0', 9)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await config.set('global', 'scalar.deep', 1)
    expect(read(globalFile)).toEqual({ list: [1, 2], scalar: { deep: 1 } })
    expect(await config.get('list.1')).toBe(2)
  })

  test('update gets what the file holds now, and only that file', async () => {
    write(globalFile, { n: 1 })
    write(localFile, { n: 10 })
    const config = open({ AIO_N: '100' })
    expect(await config.get('n')).toBe('100')
    write(globalFile, { n: 2, news: true })
    await config.update('global', 'n', (value) => Number(value) + 1)
    expect(read(globalFile)).toEqual({ n: 3, news: true })
    expect(read(localFile)).toEqual({ n: 10 })
  })

  test('what update throws comes through, and nothing is written', async () => {
    const config = open()
    const reason = new Error('no')
    const failing = config.update('global', 'a', () => {
      throw reason
    })
    await expect(failing).rejects.toBe(reason)
    await config.update('global', 'a', () => undefined)
    expect(() => readFileSync(globalFile)).toThrow('ENOENT')
    await config.set('global', 'a', 1)
  })

  test('an unchanged value does not touch the file', async () => {
    write(globalFile, '{ "a": { "b": 1 } } ')
    await open().set('global', 'a', { b: 1 })
    expect(readFileSync(globalFile, 'utf8')).toBe('{ "a": { "b": 1 } } ')
  })

  test('a write in place between reading and renaming is not overwritten', async () => {
    write(globalFile, { a: 1 })
    let times = 0
    await open().update('global', 'b', () => {
      times += 1
      if (times === 1) write(globalFile, { a: 'from the old library' })
      return times
    })
    expect(read(globalFile)).toEqual({ a: 'from the old library', b: 2 })
  })

  test('HJSON becomes JSON and YAML stays YAML', async () => {
    write(globalFile, '{ # comment\n  a: 1 }')
    write(localFile, '# comment\na: 1\nkey: |\n  line 1\n  line 2\nwhen: 2020-01-02\n')
    const config = open()
    await config.set('global', 'b', 2)
    await config.set('local', 'b', { c: 'yes' })
    expect(read(globalFile)).toEqual({ a: 1, b: 2 })
    expect(readFileSync(localFile, 'utf8')).toBe(
      "a: 1\nkey: |\n  line 1\n  line 2\nwhen: 2020-01-02T00:00:00.000Z\nb:\n  c: 'yes'\n",
    )
    await config.set('local', 'b', undefined)
    expect(await config.get('b', 'local')).toBeUndefined()
  })

  test('what JSON cannot hold is refused before anything is written', async () => {
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    for (const value of [cyclic, { n: 1n }, Symbol('x'), () => 1]) {
      await expect(open().set('global', 'a', value as Json)).rejects.toMatchObject({
        name: 'ConfigurationError',
        code: 'BAD_OPTION',
      })
    }
    await expect(open().set('global', '', 'text')).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(() => readFileSync(globalFile)).toThrow('ENOENT')
  })

  test('many calls at once all arrive', async () => {
    const config = open()
    const second = open()
    const names = Array.from({ length: 40 }, (_, i) => `c${i}`)
    await Promise.all(names.map((name, i) => (i % 2 ? config : second).set('global', ['ims', 'contexts', name], { i })))
    expect(await config.names('ims.contexts')).toHaveLength(40)
  })
})

describe('hostile names and values', () => {
  const hostile = '{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1},"constructor":{"prototype":{"x":1}}}}'

  test.each([
    ['JSON', hostile],
    ['HJSON', `# c\n${hostile}`.replace('# c\n{', '{ # c\n')],
    [
      'YAML',
      '__proto__:\n  polluted: 1\na:\n  __proto__:\n    polluted: 1\n  constructor:\n    prototype:\n      x: 1\n',
    ],
  ])('%s with __proto__ pollutes nothing', async (_, text) => {
    write(globalFile, text)
    const config = open({ AIO_____PROTO_____POLLUTED: '1', AIO_A_TOSTRING: 'x' })
    const value = (await config.get()) as Record<string, Record<string, unknown>>
    expect(value.polluted).toBeUndefined()
    expect(value.a?.polluted).toBeUndefined()
    expect(Object.getPrototypeOf(value.a)).toBe(Object.prototype)
    expect(await config.get('__proto__.polluted')).toBeUndefined()
    expect(await config.get('a.hasOwnProperty')).toBeUndefined()
    expect(await config.get('a.tostring')).toBe('x')
    await config.set('global', 'b', JSON.parse('{"__proto__":{"polluted":1},"ok":1}'))
    await expect(config.set('global', '__proto__.polluted', 1)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    expect(readFileSync(globalFile, 'utf8')).not.toContain('polluted')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(await config.get('b')).toEqual({ ok: 1 })
  })
})
