import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { fileLock, withLockFile } from '../../../src/adapters/node/files/lock-file.ts'
import { fileStore } from '../../../src/adapters/node/files/store-file.ts'
import { writeFileAtomic } from '../../../src/adapters/node/files/write-file.ts'
import type { Json } from '../../../src/core/ports.ts'
import { bundle, removeDirectory, run, start, temporaryDirectory } from '../fixtures/scripts.ts'

let scripts: string
let script: string
let directory: string

beforeAll(async () => {
  scripts = temporaryDirectory()
  script = await bundle('store-caller.ts', scripts)
})
afterAll(() => removeDirectory(scripts))

beforeEach(() => {
  directory = join(temporaryDirectory(), 'tokens')
})
afterEach(() => {
  vi.unstubAllEnvs()
  removeDirectory(join(directory, '..'))
})

function onlyFile() {
  const [name = '', ...others] = readdirSync(directory)
  expect(others).toEqual([])
  return join(directory, name)
}

/** What another process, perhaps of another user, gets from the store. */
function callAs(uid: number | undefined, ...calls: unknown[][]) {
  return run([process.execPath, script, directory, JSON.stringify(calls)], uid === undefined ? {} : { uid })
}

test('keeps values under keys, and forgets', async () => {
  const store = fileStore({ directory })
  expect(await store.get('a')).toBeUndefined()
  expect(await store.keys('')).toEqual([])
  await store.delete('a')
  for (const value of [null, 0, '', 'text', [1, [2]], { deep: { list: [null] } }] satisfies Json[]) {
    await store.set('a', value)
    expect(await fileStore({ directory }).get('a')).toEqual(value)
  }
  await store.set('../../b', 'b')
  await store.set('ab', 'ab')
  expect((await store.keys('a')).sort()).toEqual(['a', 'ab'])
  expect((await store.keys('')).sort()).toEqual(['../../b', 'a', 'ab'])
  await store.delete('a')
  expect(await store.get('a')).toBeUndefined()
  expect(readdirSync(join(directory, '..'))).toEqual(['tokens'])
})

test('files are 0600 in a directory of 0700 and do not tell the key by name (S74)', async () => {
  const before = process.umask(0)
  try {
    await fileStore({ directory }).set('my-key', 'value')
  } finally {
    process.umask(before)
  }
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(statSync(onlyFile()).mode & 0o777).toBe(0o600)
  expect(onlyFile()).not.toContain('my-key')
})

test('lives in XDG_STATE_HOME, else in the home directory', async () => {
  vi.stubEnv('XDG_STATE_HOME', join(directory, 'state'))
  await fileStore().set('a', 1)
  expect(readdirSync(join(directory, 'state', 'imskit', 'tokens'))).toHaveLength(1)
  vi.stubEnv('XDG_STATE_HOME', '')
  vi.stubEnv('HOME', join(directory, 'home'))
  expect(homedir()).toBe(join(directory, 'home'))
  await fileStore().set('a', 1)
  expect(readdirSync(join(directory, 'home', '.local', 'state', 'imskit', 'tokens'))).toHaveLength(1)
})

test('an expired value is missing', async () => {
  let now = 1000
  const store = fileStore({ directory, clock: { now: () => now } })
  await store.set('a', 1, 2000)
  await store.set('b', 2)
  now = 1999
  expect(await store.get('a')).toBe(1)
  now = 2000
  expect(await store.get('a')).toBeUndefined()
  expect(await store.keys('')).toEqual(['b'])
  await store.set('a', 3, 3000)
  expect(await store.get('a')).toBe(3)
})

describe('what this store did not write', () => {
  test.each([
    ['nothing', ''],
    ['half a value', '{"key":"a","value":"secr'],
    ['no object', '"text"'],
    ['null', 'null'],
    ['another key', '{"key":"b","value":1}'],
    ['no value', '{"key":"a"}'],
    ['an expiry that is no number', '{"key":"a","value":1,"expiresAt":"never"}'],
    ['endless nesting', `{"key":"a","value":${'['.repeat(90_000)}${']'.repeat(90_000)}}`],
  ])('%s counts as missing and can be replaced', async (_, text) => {
    const store = fileStore({ directory })
    await store.set('a', 'before')
    writeFileSync(onlyFile(), text)
    expect(await store.get('a')).toBeUndefined()
    await store.set('a', 'after')
    expect(await store.get('a')).toBe('after')
  })

  test('__proto__ pollutes nothing (S98)', async () => {
    const store = fileStore({ directory })
    await store.set('a', 1)
    writeFileSync(onlyFile(), '{"key":"a","value":{"__proto__":{"polluted":1},"ok":{"__proto__":{"polluted":1}}}}')
    const value = (await store.get('a')) as Record<string, Record<string, unknown>>
    expect(value).toEqual({ ok: {} })
    expect(value.polluted).toBeUndefined()
    expect(value.ok?.polluted).toBeUndefined()
    await store.set('a', JSON.parse('{"__proto__":{"polluted":1},"x":1}'))
    expect(readFileSync(onlyFile(), 'utf8')).not.toContain('polluted')
  })

  test('a directory in place of a value: missing, and a clear error on writing', async () => {
    const store = fileStore({ directory })
    await store.set('a', 1)
    const file = onlyFile()
    await store.delete('a')
    mkdirSync(file)
    expect(await store.get('a')).toBeUndefined()
    for (const call of [() => store.set('a', 1), () => store.delete('a')]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(file) })
    }
    expect(readdirSync(directory)).toHaveLength(1)
  })

  test('a symbolic link is replaced, its target is left alone (S74)', async () => {
    const store = fileStore({ directory })
    await store.set('a', 1)
    const file = onlyFile()
    await store.delete('a')
    const target = join(directory, '..', 'target')
    writeFileSync(target, 'precious')
    symlinkSync(target, file)
    await store.set('a', 2)
    expect(await store.get('a')).toBe(2)
    expect(readFileSync(target, 'utf8')).toBe('precious')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

test('a value that JSON cannot hold is refused, without showing it', async () => {
  const error = await fileStore({ directory })
    .set('a', { secret: 'S3CRET', n: 1n } as unknown as Json)
    .then(
      () => undefined,
      (reason) => reason,
    )
  expect(error).toMatchObject({ name: 'ConfigurationError', code: 'BAD_OPTION' })
  expect(String(error)).not.toContain('S3CRET')
})

test('a place that cannot be made: STORE_FAILED, naming the remedy', async () => {
  mkdirSync(directory)
  writeFileSync(join(directory, 'file'), '')
  const store = fileStore({ directory: join(directory, 'file', 'tokens') })
  for (const call of [() => store.get('a'), () => store.keys(''), () => store.set('a', 1), () => store.delete('a')]) {
    const failing = call()
    await expect(failing).rejects.toMatchObject({ name: 'UnavailableError', code: 'STORE_FAILED' })
    await expect(failing).rejects.toThrow(/\(ENOTDIR\).*`directory`.*XDG_STATE_HOME/)
  }
})

describe('what cannot be read is not missing', () => {
  test.skipIf(process.getuid?.() !== 0)('a file or a directory of another user (needs root)', async () => {
    await fileStore({ directory }).set('a', 'value')
    const denied = { code: 'STORE_FAILED', message: expect.stringContaining('(EACCES)') }
    chmodSync(directory, 0o755)
    chmodSync(onlyFile(), 0o600)
    expect(callAs(65534, ['get', 'a'], ['get', 'b'], ['keys', ''])).toEqual([denied, 'missing', denied])
    chmodSync(directory, 0o700)
    expect(callAs(65534, ['get', 'a'], ['get', 'b'], ['keys', ''])).toEqual([denied, denied, denied])
  })

  test('while the process has no file descriptor left', () => {
    const outcome = callAs(undefined, ['set', 'a', 1], ['exhaust'], ['get', 'a'], ['keys', 'a'], ['free'], ['get', 'a'])
    const denied = { code: 'STORE_FAILED', message: expect.stringContaining('(EMFILE)') }
    expect(outcome).toEqual(['done', 'done', denied, denied, 'done', 1])
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a user without a home directory gets an error that says what to do (needs root)',
    () => {
      const command = [process.execPath, script, '', JSON.stringify([['get', 'a']])]
      expect(run(command, { uid: 54321 })).toEqual([
        { code: 'STORE_FAILED', message: expect.stringMatching(/home directory .* not known.*XDG_STATE_HOME/) },
      ])
    },
  )
})

describe.skipIf(process.platform === 'win32')('what is not a file is neither waited for nor read', () => {
  test.each([
    ['a named pipe', (path: string) => expect(spawnSync('mkfifo', [path]).status).toBe(0)],
    ['an endless device', (path: string) => symlinkSync('/dev/zero', path)],
    ['a link to itself', (path: string) => symlinkSync(path, path)],
  ])('%s', async (_, make) => {
    const store = fileStore({ directory })
    await store.set('a', 1)
    const file = onlyFile()
    await store.delete('a')
    make(file)
    expect(await store.get('a')).toBeUndefined()
    expect(await store.keys('')).toEqual([])
  })
})

describe('the temporary file of a writer', () => {
  const temporaries = () => readdirSync(directory).filter((name) => name.endsWith('.tmp'))

  /** A process that is stuck just before it gives the new content its name. */
  async function stuckWriter() {
    const writer = start(script, [directory, '"stuck"'])
    await writer.next()
    return writer
  }

  test('that was killed goes with the next write of any key, in any process (S74)', async () => {
    const writer = await stuckWriter()
    expect(temporaries()).toHaveLength(1)
    expect(readFileSync(join(directory, temporaries()[0] ?? ''), 'utf8')).toContain('S3CRET')
    writer.process.kill('SIGKILL')
    await writer.ended
    callAs(undefined, ['set', 'another key', 1])
    expect(temporaries()).toEqual([])
  })

  test('that was killed goes when its user signs out', async () => {
    const writer = await stuckWriter()
    writer.process.kill('SIGKILL')
    await writer.ended
    callAs(undefined, ['delete', 'a'])
    expect(readdirSync(directory)).toEqual([])
  })

  test('that was killed goes from a process that has looked before, once it took over a lock', async () => {
    const store = fileStore({ directory })
    await store.set('a', 1)
    const writer = await stuckWriter()
    writer.process.kill('SIGKILL')
    await writer.ended
    const locks = join(directory, '..', 'locks')
    await fileLock(locks)('a', async ({ id = '' }) => {
      symlinkSync(id.replace(/^\d+/, '999999999'), join(locks, 'dead.lock'))
    })
    await withLockFile(join(locks, 'dead.lock'), () => store.set('b', 1))
    expect(temporaries()).toEqual([])
  })

  test('that lives is left alone, also if it is stopped', async () => {
    const writer = await stuckWriter()
    try {
      writer.process.kill('SIGSTOP')
      callAs(undefined, ['set', 'another key', 1])
      expect(temporaries()).toHaveLength(1)
    } finally {
      writer.process.kill('SIGKILL')
      await writer.ended
    }
  })

  test('that cannot be looked at goes once it is an hour old', async () => {
    mkdirSync(directory)
    const names = ['1-2--machine-token', '77-m1abc-1-token'].map((name) => `${'a'.repeat(64)}.json.${name}.tmp`)
    for (const name of names) writeFileSync(join(directory, name), 'S3CRET')
    writeFileSync(join(directory, 'mine.tmp'), '')
    callAs(undefined, ['set', 'a', 1])
    expect(temporaries().sort()).toEqual([...names, 'mine.tmp'].sort())
    for (const name of temporaries()) utimesSync(join(directory, name), 1000, 1000)
    callAs(undefined, ['set', 'a', 1])
    expect(temporaries()).toEqual(['mine.tmp'])
  })
})

test('writers of one key at the same moment leave one whole value (S74)', async () => {
  const store = fileStore({ directory })
  await Promise.all(Array.from({ length: 50 }, (_, i) => store.set('a', { i, filler: 'x'.repeat(i * 100) })))
  expect(await store.get('a')).toMatchObject({ filler: expect.any(String) })
  onlyFile()
})

describe('writeFileAtomic', () => {
  test('writes only over the file that it must replace', async () => {
    mkdirSync(directory)
    const path = join(directory, 'file')
    const first = await writeFileAtomic(path, 'one', { replaces: undefined })
    expect(first?.size).toBe(3)
    expect(await writeFileAtomic(path, 'two', { replaces: undefined })).toBeUndefined()
    expect(await writeFileAtomic(path, Buffer.from('three'), { replaces: first })).toMatchObject({ size: 5 })
    expect(await writeFileAtomic(path, 'four', { replaces: first })).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe('three')
    expect(readdirSync(directory)).toEqual(['file'])
  })

  test('takes over the temporary file of a writer that died', async () => {
    mkdirSync(directory)
    const path = join(directory, 'file')
    writeFileSync(`${path}.tmp`, 'a much longer text that was left behind', { mode: 0o666 })
    await writeFileAtomic(path, 'new', { temporary: `${path}.tmp` })
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })
})

describe('a directory that others control', () => {
  const stays = async (place: string, problem: string) => {
    const refused = { code: 'STORE_FAILED', message: expect.stringContaining(`${place} ${problem}`) }
    const store = fileStore({ directory: place })
    for (const call of [store.set('k', 1), store.get('k'), store.delete('k'), store.keys('')])
      await expect(call).rejects.toMatchObject(refused)
    await expect(fileLock({ directory: place })('k', async () => 1)).rejects.toMatchObject(refused)
  }

  test('as everyone may write to it', async () => {
    const place = temporaryDirectory()
    onTestFinished(() => removeDirectory(place))
    chmodSync(place, 0o777)
    await stays(place, 'can be written to by all users')
  })

  test.skipIf(process.getuid?.() !== 0)('as another user owns it (needs root)', async () => {
    const place = temporaryDirectory()
    onTestFinished(() => removeDirectory(place))
    chownSync(place, 12345, 12345)
    await stays(place, 'belongs to another user (12345)')
  })
})
