import { createHash } from 'node:crypto'
import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fileLock, withLockFile } from '../../src/adapters/node/lock-file.ts'
import { bundle, type Child, removeDirectory, start, temporaryDirectory } from './fixtures/scripts.ts'

let scripts: string
let contender: string
let directory: string
let children: Child[]

beforeAll(async () => {
  scripts = temporaryDirectory()
  contender = await bundle('lock-contender.ts', scripts)
})
afterAll(() => removeDirectory(scripts))
beforeEach(() => {
  directory = temporaryDirectory()
  children = []
})
afterEach(async () => {
  for (const child of children) child.process.kill('SIGKILL')
  await Promise.all(children.map((child) => child.ended))
  removeDirectory(directory)
})

function launch(mode: string) {
  const child = start(contender, [directory, mode])
  children.push(child)
  return child
}

function pathOf(name: string) {
  return join(directory, `${createHash('sha256').update(name).digest('hex')}.lock`)
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** What this process would write into a lock. */
async function ownText() {
  return withLockFile(join(directory, 'own'), async () => readlinkSync(join(directory, 'own')))
}

describe('in one process', () => {
  test('one task at a time for each name, in order; other names do not wait', async () => {
    const lock = fileLock(directory)
    const gate = deferred()
    const events: string[] = []
    const first = lock('a', async () => {
      events.push('first begins')
      await gate.promise
      events.push('first ends')
      return 1
    })
    const second = fileLock({ directory })('a', async () => events.push('second'))
    const third = lock('a', async () => events.push('third'))
    await lock('b', async () => events.push('other'))
    gate.resolve()
    expect(await first).toBe(1)
    await Promise.all([second, third])
    expect(events.filter((event) => event !== 'other')).toEqual(['first begins', 'first ends', 'second', 'third'])
    expect(events.indexOf('other')).toBeLessThan(events.indexOf('first ends'))
    expect(readdirSync(directory)).toEqual([])
  })

  test('what a task throws comes through, and the lock is free again', async () => {
    const lock = fileLock(directory)
    const reason = new Error('no')
    await expect(lock('a', () => Promise.reject(reason))).rejects.toBe(reason)
    await expect(
      lock('a', () => {
        throw reason
      }),
    ).rejects.toBe(reason)
    expect(await lock('a', async () => 'free')).toBe('free')
  })

  test('the lock is a file named after a digest, in a directory of mode 0700', async () => {
    const inner = join(directory, 'new', 'locks')
    await fileLock(inner)('a/../../b', async () => {
      expect(readdirSync(inner)).toEqual([`${createHash('sha256').update('a/../../b').digest('hex')}.lock`])
      expect(statSync(inner).mode & 0o777).toBe(0o700)
    })
  })

  test('an aborted wait throws the reason untouched, and whoever waits behind is served', async () => {
    const lock = fileLock(directory)
    const gate = deferred()
    const holding = lock('a', () => gate.promise)
    const controller = new AbortController()
    const reason = { any: 'thing' }
    const waiting = lock('a', async () => 'never', controller.signal)
    const behind = lock('a', async () => 'behind')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(lock('free', async () => 'never', AbortSignal.abort(reason))).rejects.toBe(reason)
    gate.resolve()
    await holding
    expect(await behind).toBe('behind')
    expect(readdirSync(directory)).toEqual([])
  })

  test('a wait that is too long ends with TIMEOUT and names the lock', async () => {
    const gate = deferred()
    const holding = fileLock(directory)('a', () => gate.promise)
    await expect(fileLock({ directory, wait: 5 })('a', async () => {})).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'TIMEOUT',
      message: expect.stringContaining(pathOf('a')),
    })
    gate.resolve()
    await holding
  })

  test('where no lock can be made: STORE_FAILED with the path, or the task alone if so wished', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const inside = join(file, 'locks')
    await expect(fileLock(inside)('a', async () => {})).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining(inside),
    })
    const lock = fileLock({ directory: inside, required: false })
    const events: number[] = []
    await Promise.all(
      [1, 2].map((n) => lock('a', async () => void events.push(n, (await Promise.resolve(n)) as number))),
    )
    expect(events).toEqual([1, 1, 2, 2])
    await expect(lock('a', () => Promise.reject(new TypeError('mine')))).rejects.toThrow('mine')
  })
})

describe('across processes', () => {
  test('an aborted wait for another process throws the reason untouched', async () => {
    await launch('hold').next()
    const controller = new AbortController()
    const waiting = fileLock(directory)('shared', async () => 'never', controller.signal)
    setImmediate(() => controller.abort('reason'))
    await expect(waiting).rejects.toBe('reason')
  })

  test('a holder that lives is never robbed, even stopped and beyond its lease', async () => {
    const holder = launch('hold')
    await holder.next()
    holder.process.kill('SIGSTOP')
    const before = readlinkSync(pathOf('shared'))
    const path = pathOf('shared')
    await expect(fileLock({ directory, lease: 5, wait: 100 })('shared', async () => {})).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining(`Process ${holder.process.pid} on`),
    })
    expect(readlinkSync(path)).toBe(before)
  })

  test('a process that ends inside its task lets go', async () => {
    const holder = launch('exit')
    await holder.next()
    await holder.ended
    expect(readdirSync(directory)).toEqual([])
  })

  test('killed holders free their locks, to one of those who wait, and none of them meet', async () => {
    writeFileSync(join(directory, 'counter'), '0')
    const counters = Array.from({ length: 5 }, () => launch('count'))
    await Promise.all(counters.map((child) => child.next()))
    for (let round = 0; round < 8; round += 1) {
      const victim = launch('hold')
      await victim.next()
      const counting = Promise.all(counters.map((child) => child.ask(6)))
      victim.process.kill('SIGKILL')
      expect(await counting).toEqual(counters.map(() => 'done'))
    }
    expect(readFileSync(join(directory, 'counter'), 'utf8')).toBe(String(8 * 5 * 6))
    expect(readdirSync(directory)).toEqual(['counter'])
  })

  test('many who find the lock of a dead process at once: one at a time', async () => {
    const dead = launch('hold')
    await dead.next()
    const text = readlinkSync(pathOf('shared'))
    dead.process.kill('SIGKILL')
    await dead.ended
    writeFileSync(join(directory, 'counter'), '0')
    const counters = Array.from({ length: 6 }, () => launch('count'))
    await Promise.all(counters.map((child) => child.next()))
    for (let round = 0; round < 20; round += 1) {
      await fileLock(directory)('shared', async () => {})
      symlinkSync(text, pathOf('shared'))
      expect(await Promise.all(counters.map((child) => child.ask(1)))).toEqual(counters.map(() => 'done'))
    }
    expect(readFileSync(join(directory, 'counter'), 'utf8')).toBe(String(20 * 6))
    expect(readdirSync(directory)).toEqual(['counter'])
  })
})

describe('a lock left behind', () => {
  test('by a process whose number another one has now', async () => {
    const [pid, , token, machine] = (await ownText()).split(':')
    const path = join(directory, 'a.lock')
    symlinkSync(`${pid}:1:${token}:${machine}`, path)
    expect(await withLockFile(path, async () => 'mine', { wait: 5000 })).toBe('mine')
  })

  test('with a temporary file, which goes too', async () => {
    const [, , , machine] = (await ownText()).split(':')
    const path = join(directory, 'a.lock')
    symlinkSync(`999999999:1:sometoken:${machine}`, path)
    writeFileSync(`${path}.sometoken.tmp`, 'half')
    await withLockFile(path, async () => {}, { wait: 5000 })
    expect(readdirSync(directory)).toEqual([])
  })

  test('also by who was just taking it away', async () => {
    const [, , , machine] = (await ownText()).split(':')
    const path = join(directory, 'a.lock')
    symlinkSync(`999999999:1:first:${machine}`, path)
    symlinkSync(`999999998:1:second:${machine}`, `${path}.evict`)
    expect(await withLockFile(path, async () => 'mine', { wait: 5000 })).toBe('mine')
    expect(readdirSync(directory)).toEqual([])
  })

  test.each([
    ['another machine', '1234:1:token:elsewhere'],
    ['who knows whom', 'what is this'],
  ])('by %s: taken over once it gave no sign for the lease', async (_, text) => {
    const path = join(directory, 'a.lock')
    symlinkSync(text, path)
    await expect(withLockFile(path, async () => {}, { wait: 20, lease: 60_000 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    expect(await withLockFile(path, async () => 'mine', { wait: 10_000, lease: 50 })).toBe('mine')
  })

  test('as an empty file, from a system without symbolic links', async () => {
    const path = join(directory, 'a.lock')
    writeFileSync(path, '')
    expect(await withLockFile(path, async () => 'mine', { wait: 10_000, lease: 50 })).toBe('mine')
  })

  test('is not taken from another machine that gives signs', async () => {
    const path = join(directory, 'a.lock')
    symlinkSync('1234:1:token:elsewhere', path)
    let beats = 0
    const beat = setInterval(() => lutimesSync(path, 1000 + ++beats, 1000 + beats), 10)
    const waiting = withLockFile(path, async () => {}, { wait: 1000, lease: 400 })
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('elsewhere') })
    clearInterval(beat)
    expect(readlinkSync(path)).toBe('1234:1:token:elsewhere')
  })

  test('a holder gives signs, and does not end another holding', async () => {
    const path = join(directory, 'a.lock')
    await withLockFile(
      path,
      async () => {
        const first = lstatSync(path).mtimeMs
        while (lstatSync(path).mtimeMs === first) await new Promise((resolve) => setTimeout(resolve, 5))
        unlinkSync(path)
        symlinkSync('1234:1:token:elsewhere', path)
      },
      { lease: 50 },
    )
    expect(readlinkSync(path)).toBe('1234:1:token:elsewhere')
  })

  test('a directory in its place is reported', async () => {
    const path = join(directory, 'a.lock')
    mkdirSync(path)
    await expect(withLockFile(path, async () => {})).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })
})
