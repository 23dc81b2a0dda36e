import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { aioConfig } from '../../../src/adapters/node/config/aio-config.ts'
import { bundle, removeDirectory, run, temporaryDirectory } from '../fixtures/scripts.ts'

let scripts: string
let callsScript: string
let directory: string
let file: string

beforeAll(async () => {
  scripts = temporaryDirectory()
  callsScript = await bundle('config-calls.ts', scripts)
})
afterAll(() => removeDirectory(scripts))
beforeEach(() => {
  directory = temporaryDirectory()
  file = join(directory, 'aio')
})
afterEach(() => removeDirectory(directory))

function open(path = file) {
  return aioConfig({ cwd: directory, home: directory, env: { AIO_CONFIG_FILE: path } })
}

function modeOf(path: string) {
  return (lstatSync(path).mode & 0o777).toString(8)
}

async function failure(promise: Promise<unknown>): Promise<Error & { code: string }> {
  return promise.then(
    () => {
      throw new Error('did not fail')
    },
    (error) => error,
  )
}

describe('a file that cannot be understood', () => {
  const secret = 'S3CRET-value'
  test.each([
    ['half-written JSON', `{\n  "client_secret": "${secret}`, 1],
    ['half-written HJSON', `{\n  client_secret: ${secret}\n  list: [1,`, 3],
    ['JSON with something after it', `{"client_secret":"${secret}"} ${secret}`, 1],
    ['broken YAML', `client_secret: ${secret}\n  deeper: [${secret}\n`, 2],
    ['a YAML list', `- ${secret}\n`, undefined],
    ['plain text', secret, undefined],
    ['a list in JSON', `["${secret}"]`, undefined],
    ['YAML in itself', `a: &a\n  secret: ${secret}\n  self: *a\n`, undefined],
    ['YAML that unfolds without end', `a: &a [x,x,x,x,x,x,x,x,x,x]\n${unfolding()}secret: ${secret}\n`, undefined],
  ])('%s is reported with its path, without its content, and left as it is', async (_, text, line) => {
    writeFileSync(file, text)
    utimesSync(file, 1000, 1000)
    const config = open()
    for (const call of [() => config.get(), () => config.set('global', 'a.b', 1)]) {
      const error = await failure(call())
      expect(error).toMatchObject({ name: 'ConfigurationError', code: 'CONFIG_UNREADABLE' })
      expect(error.message).toContain(file)
      if (line !== undefined) expect(error.message).toContain('(line ')
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
    }
    if (!text.startsWith('{"a":[')) expect(readFileSync(file, 'utf8')).toBe(text)
    expect(readdirSync(directory)).toEqual(['aio'])
  })

  function unfolding() {
    const letters = 'abcdefghi'
    return [...letters]
      .map((a, i) => `${letters[i + 1] ?? 'j'}: &${letters[i + 1] ?? 'j'} [${Array(10).fill(`*${a}`)}]\n`)
      .join('')
  }

  test.each([500, 100_000])('JSON nested %i deep', async (depth) => {
    const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)},"b":1}`
    writeFileSync(file, text)
    const config = open()
    expect(await config.get('b')).toBe(1)
    expect((await failure(config.get('a'))).code).toBe('CONFIG_UNREADABLE')
    if (depth < 1000) return
    expect((await failure(config.set('global', 'b', 2))).code).toBe('CONFIG_UNREADABLE')
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('the other file stays readable, and a repaired file is read at once', async () => {
    writeFileSync(file, '{ broken')
    utimesSync(file, 1000, 1000)
    writeFileSync(join(directory, '.aio'), '{"a":1}')
    const config = open()
    expect(await config.get('a', 'local')).toBe(1)
    await expect(config.get('a')).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
    writeFileSync(file, '{"b":2}')
    expect(await config.get('b')).toBe(2)
  })

  test('a directory in its place', async () => {
    mkdirSync(file)
    for (const call of [() => open().get('a'), () => open().set('global', 'a', 1)]) {
      const error = await failure(call())
      expect(error.code).toBe('CONFIG_UNREADABLE')
      expect(error.message).toContain(`${file} is a directory`)
    }
    expect(readdirSync(directory)).toEqual(['aio'])
  })

  test('a pipe in its place is not waited for', async () => {
    expect(spawnSync('mkfifo', [file]).status).toBe(0)
    expect((await failure(open().get('a'))).code).toBe('CONFIG_UNREADABLE')
  })

  test('the null device is an empty configuration that keeps nothing', async () => {
    const config = open('/dev/null')
    await config.set('global', 'a', 1)
    expect(await config.get('a')).toBeUndefined()
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })
})

describe('who may do what', () => {
  test('new files are 0600 in new directories of 0700, whatever the umask (S74)', async () => {
    const before = process.umask(0)
    try {
      await open(join(directory, 'new', 'deeper', 'aio')).set('global', 'a', 1)
    } finally {
      process.umask(before)
    }
    expect(modeOf(join(directory, 'new'))).toBe('700')
    expect(modeOf(join(directory, 'new', 'deeper'))).toBe('700')
    expect(modeOf(join(directory, 'new', 'deeper', 'aio'))).toBe('600')
  })

  test.each([0o400, 0o600, 0o640, 0o644])('an existing mode is kept: %o', async (mode) => {
    writeFileSync(file, '{}')
    chmodSync(file, mode)
    await open().set('global', 'a', 1)
    expect(modeOf(file)).toBe(mode.toString(8))
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ a: 1 })
  })

  test.each([0o400, 0o600, 0o640, 0o644, 0o666])(
    'a file of mode %o that gets a secret is 0600 afterwards',
    async (mode) => {
      writeFileSync(file, '{"a":1}')
      chmodSync(file, mode)
      await open().set('global', 'ims.contexts.x.client_secret', 'S3CRET')
      expect(modeOf(file)).toBe('600')
      chmodSync(file, mode)
      const prepared = await open().prepare?.('global')
      await prepared?.update('ims.contexts.x.access_token', () => ({ token: 't', expiry: 1 }))
      expect(modeOf(file)).toBe('600')
    },
  )

  test.each(['a file', 'nothing'])('a local file that is a link to %s is neither read nor written', async (what) => {
    const target = join(directory, 'target')
    if (what === 'a file') writeFileSync(target, '{"a":1}')
    symlinkSync(target, join(directory, '.aio'))
    for (const call of [() => open().get('a'), () => open().set('local', 'a', 2), () => open().prepare?.('local')]) {
      const error = await failure(Promise.resolve(call()))
      expect(error.code).toBe('CONFIG_UNREADABLE')
      expect(error.message).toContain('symbolic link')
    }
    expect(existsSync(target) && readFileSync(target, 'utf8')).toBe(what === 'a file' && '{"a":1}')
  })

  test.skipIf(process.getuid?.() !== 0)('a global link of another user is not followed (needs root)', async () => {
    const target = join(directory, 'target')
    writeFileSync(target, '{"a":1}')
    symlinkSync(target, file)
    lchownSync(file, 12345, 12345)
    expect((await failure(open().get('a'))).message).toContain('belongs to another user')
    chownSync(target, 12345, 12345)
    expect(await open().get('a')).toBe(1)
  })

  test.skipIf(process.getuid?.() !== 0)('a superuser leaves the file to its owner (needs root)', async () => {
    writeFileSync(file, '{}')
    chownSync(file, 12345, 12346)
    await open().set('global', 'a', 1)
    expect(statSync(file)).toMatchObject({ uid: 12345, gid: 12346 })
  })

  test('a symbolic link is followed: the real file is replaced, under one lock', async () => {
    const real = join(directory, 'dotfiles', 'real')
    mkdirSync(join(directory, 'dotfiles'))
    symlinkSync('dotfiles/real', file)
    await open().set('global', 'a', 1)
    await Promise.all([open().set('global', 'b', 2), open(real).set('global', 'c', 3)])
    expect(readlinkSync(file)).toBe('dotfiles/real')
    expect(JSON.parse(readFileSync(real, 'utf8'))).toEqual({ a: 1, b: 2, c: 3 })
    expect(modeOf(real)).toBe('600')
    expect(readdirSync(join(directory, 'dotfiles'))).toEqual(['real'])
  })

  test('links in a circle', async () => {
    symlinkSync('b', join(directory, 'a'))
    symlinkSync('a', join(directory, 'b'))
    const path = join(directory, 'a')
    for (const call of [() => open(path).get('a'), () => open(path).set('global', 'a', 1)]) {
      expect((await failure(call())).code).toBe('CONFIG_UNREADABLE')
    }
  })

  // root may read and write everything, so these run as `nobody` where the tests run as root
  const nobody = process.getuid?.() === 0 ? { uid: 65534 } : {}

  function callAs(calls: unknown[]) {
    const env = { AIO_CONFIG_FILE: file, HOME: directory }
    return run([process.execPath, callsScript, JSON.stringify(calls)], { cwd: directory, env, ...nobody })
  }

  test('an unreadable file is reported and not replaced', () => {
    writeFileSync(file, '{"a":1}')
    chmodSync(file, 0)
    chmodSync(directory, 0o777)
    const expected = { error: { code: 'STORE_FAILED', message: expect.stringContaining(`${file} (EACCES)`) } }
    expect(
      callAs([
        ['get', 'a'],
        ['set', 'a', 2],
      ]),
    ).toMatchObject([expected, expected])
    expect(lstatSync(file).size).toBe(7)
  })

  test('a home that this user may not look at is empty, and is not written to', () => {
    const closed = join(directory, 'closed')
    mkdirSync(closed)
    writeFileSync(join(closed, 'aio'), '{"a":1}')
    chmodSync(closed, 0)
    chmodSync(directory, 0o755)
    const env = { AIO_CONFIG_FILE: join(closed, 'aio'), HOME: closed, AIO_B: 'b' }
    const calls = [
      ['get', 'a'],
      ['get', 'b'],
      ['set', 'a', 2],
    ]
    const outcome = run([process.execPath, callsScript, JSON.stringify(calls)], { cwd: directory, env, ...nobody })
    expect(outcome).toMatchObject([{}, { value: 'b' }, { error: { code: 'STORE_FAILED' } }])
    chmodSync(closed, 0o700)
    expect(readFileSync(join(closed, 'aio'), 'utf8')).toBe('{"a":1}')
  })

  test('without a working directory, variables and the global file count', () => {
    const gone = join(directory, 'gone')
    mkdirSync(gone)
    writeFileSync(file, '{"a":1}')
    const script = `cd "$0" && rmdir "$0" && exec "$1" "$2" '[["get","a"],["set","b",2],["get","b"]]'`
    const outcome = run(['sh', '-c', script, gone, process.execPath, callsScript], {
      cwd: directory,
      env: { AIO_CONFIG_FILE: file, HOME: directory },
    })
    expect(outcome).toEqual([{ value: 1 }, {}, { value: 2 }])
  })

  test('a read-only directory can be read from; writing says where it failed', () => {
    writeFileSync(file, '{"a":1}')
    chmodSync(file, 0o644)
    chmodSync(directory, 0o555)
    const failed = { error: { name: 'UnavailableError', code: 'STORE_FAILED', message: expect.stringContaining(file) } }
    expect(
      callAs([
        ['get', 'a'],
        ['set', 'a', 2],
        ['get', 'a'],
      ]),
    ).toMatchObject([{ value: 1 }, failed, { value: 1 }])
    chmodSync(directory, 0o755)
    expect(readdirSync(directory)).toEqual(['aio'])
  })
})

/** A file system of our own, seen by the command alone. */
function onOwnDisk(options: string, command: string) {
  const script = `mount -t tmpfs -o ${options} tmpfs "$0" && cd "$0" && ${command}`
  return ['unshare', process.getuid?.() === 0 ? '-m' : '-rm', 'sh', '-c', script]
}

const mountable = () => {
  const [command = '', ...args] = onOwnDisk('size=64k', 'true')
  return spawnSync(command, [...args, '/mnt']).status === 0
}

describe.skipIf(!mountable())('a disk of its own (needs the right to mount)', () => {
  const calls = (list: unknown[]) => `"$1" "$2" '${JSON.stringify(list)}'`
  const failed = { error: { name: 'UnavailableError', code: 'STORE_FAILED' } }

  function runThere(options: string, command: string) {
    return run([...onOwnDisk(options, command), directory, process.execPath, callsScript], {
      env: { AIO_CONFIG_FILE: file, HOME: directory },
      cwd: scripts,
    })
  }

  test('that is full: the old file stays whole, no temporary file stays', () => {
    const list = [
      ['set', 'a', { kept: 1 }],
      ['set', 'b', 'x'.repeat(100_000)],
      ['get', 'a'],
      ['set', 'c', 2],
    ]
    const command = `out=$(${calls(list)}) && printf '{"out":%s,"files":"%s","content":%s}' "$out" "$(ls -A | tr '\\n' ' ')" "$(cat aio)"`
    const result = runThere('size=64k', command)
    expect(result).toMatchObject({
      out: [{}, { error: { ...failed.error, message: expect.stringMatching(/ENOSPC/) } }, { value: { kept: 1 } }, {}],
      files: 'aio ',
      content: { a: { kept: 1 }, c: 2 },
    })
  })

  test('that is full after a write was prepared: the write finds the room it was promised', () => {
    const list = [
      ['set', 'a', 'x'.repeat(5_000)],
      ['set on a full disk', 'b', 'y'.repeat(20_000)],
      ['get', 'b'],
    ]
    const command = `out=$(${calls(list)}) && printf '{"out":%s,"files":"%s"}' "$out" "$(ls -A | grep -v filler | tr '\\n' ' ')"`
    expect(runThere('size=256k', command)).toEqual({ out: [{}, {}, { value: 'y'.repeat(20_000) }], files: 'aio ' })
  })

  test('that has no room for a write: preparing it fails, and leaves nothing', () => {
    const list = [
      ['set', 'a', 'x'.repeat(50_000)],
      ['set on a full disk', 'b', 1],
      ['get', 'a'],
    ]
    const command = `out=$(${calls(list)}) && printf '{"out":%s,"files":"%s"}' "$out" "$(ls -A | tr '\\n' ' ')"`
    expect(runThere('size=128k', command)).toMatchObject({
      out: [
        {},
        { error: { ...failed.error, message: expect.stringMatching(/ENOSPC/) } },
        { value: 'x'.repeat(50_000) },
      ],
      files: 'aio ',
    })
  })

  test('that is read-only: reading works', () => {
    const command = `printf '{"a":1}' > aio && mount -o remount,ro . && ${calls([
      ['get', 'a'],
      ['set', 'a', 2],
      ['get', 'a'],
    ])}`
    expect(runThere('size=64k', command)).toMatchObject([
      { value: 1 },
      { error: { ...failed.error, message: expect.stringMatching(/EROFS/) } },
      { value: 1 },
    ])
  })
})
