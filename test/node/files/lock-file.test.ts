import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { fileLock, withLockFile } from '../../../src/adapters/node/files/lock-file.ts'
import { runningTime } from '../../../src/adapters/node/files/lock-queue.ts'
import type { Hold } from '../../../src/core/ports.ts'
import { bundle, type Child, removeDirectory, run, start, temporaryDirectory } from '../fixtures/scripts.ts'

let scripts: string
let contender: string
let module: string
let directory: string
let children: Child[]

beforeAll(async () => {
  scripts = temporaryDirectory()
  contender = await bundle('lock-contender.ts', scripts)
  module = await bundle('../../../src/adapters/node/files/lock-file.ts', scripts)
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
    const path = join(directory, 'a.lock')
    const holding = withLockFile(path, () => gate.promise)
    await expect(withLockFile(path, async () => {}, { wait: 5 })).rejects.toMatchObject({
      name: 'UnavailableError',
      code: 'TIMEOUT',
      message: expect.stringContaining(path),
    })
    gate.resolve()
    await holding
  })

  test('options shorten neither the lease nor the wait so far that a live holder could lose its lock', async () => {
    expect(fileLock(directory).lease).toBe(15_000)
    expect(fileLock({ directory, lease: 1, wait: 1 }).lease).toBe(10_000)
    expect(fileLock({ directory, lease: 100_000 }).lease).toBe(100_000)
    for (const wrong of [0, -1, Number.NaN, '5' as unknown as number]) {
      expect(() => fileLock({ directory, lease: wrong })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
      expect(() => fileLock({ directory, wait: wrong })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
    }
    const gate = deferred()
    const holding = fileLock(directory)('a', () => gate.promise)
    let outcome = 'waiting'
    const waiting = fileLock({ directory, wait: 1 })('a', async () => {}).then(
      () => (outcome = 'held'),
      () => (outcome = 'gave up'),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(outcome).toBe('waiting')
    gate.resolve()
    await holding
    expect(await waiting).toBe('held')
  })

  test('waiting counts only time in which the process ran', () => {
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    try {
      const waited = runningTime()
      now += 400
      expect(waited()).toBe(400)
      now += 600_000
      expect(waited()).toBe(1400)
    } finally {
      clock.mockRestore()
    }
  })

  test('a lock that cannot be created: STORE_FAILED with the path and the remedy, and no task runs', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const inside = join(file, 'locks')
    let ran = false
    const failing = fileLock(inside)('a', async () => {
      ran = true
    })
    await expect(failing).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(inside) })
    await expect(failing).rejects.toThrow(/Pass `directory`, set XDG_STATE_HOME/)
    expect(ran).toBe(false)
  })

  test.skipIf(process.platform === 'win32')('a pipe in place of the lock is not waited for', async () => {
    expect(spawnSync('mkfifo', [pathOf('a')]).status).toBe(0)
    await expect(fileLock(directory)('a', async () => {})).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })
})

describe('a holding', () => {
  const holdOf = (lock: ReturnType<typeof fileLock>) => lock('shared', async (hold) => hold)

  test('has the text of the lock as its id, and asks the lock whether it still has it', async () => {
    const path = pathOf('a')
    await fileLock(directory)('a', async (hold) => {
      const text = readlinkSync(path)
      expect(hold.id).toBe(text)
      expect(await hold.stillHeld()).toBe(true)
      unlinkSync(path)
      expect(await hold.stillHeld()).toBe(false)
      symlinkSync('1234:1:token:elsewhere', path)
      expect(await hold.stillHeld()).toBe(false)
      unlinkSync(path)
      mkdirSync(path)
      await expect(hold.stillHeld()).rejects.toMatchObject({ code: 'STORE_FAILED' })
    })
  })

  test('knows that an earlier one of its process ended, and that one under way did not', async () => {
    const lock = fileLock(directory)
    const ended = await holdOf(lock)
    await lock('other', async (other) => {
      const hold = await holdOf(lock)
      expect(await hold.hasEnded?.(ended.id ?? '')).toBe(true)
      expect(await hold.hasEnded?.(other.id ?? '')).toBe(false)
      for (const unknown of ['', 'nonsense', '1234:1:token:elsewhere'])
        expect(await hold.hasEnded?.(unknown)).toBe(false)
    })
  })

  test('knows whether one of another process ended only once that process is gone', async () => {
    const holder = launch('hold')
    await holder.next()
    const id = readlinkSync(pathOf('shared'))
    const hold = await fileLock(directory)('mine', async (mine) => mine)
    expect(await hold.hasEnded?.(id)).toBe(false)
    holder.process.kill('SIGSTOP')
    expect(await hold.hasEnded?.(id)).toBe(false)
    holder.process.kill('SIGKILL')
    await holder.ended
    expect(await hold.hasEnded?.(id)).toBe(true)
  })

  test('of two copies of the module in one process: they queue together and know of each other', async () => {
    const load = createRequire(import.meta.url)
    const copies = ['one.cjs', 'two.cjs'].map((name) => {
      copyFileSync(module, join(scripts, name))
      return load(join(scripts, name)) as { fileLock: typeof fileLock }
    })
    const [one, two] = copies.map((copy) => copy.fileLock(directory))
    if (one === undefined || two === undefined) throw new Error('no copies')
    expect(copies[0]?.fileLock).not.toBe(copies[1]?.fileLock)
    const gate = deferred()
    const events: string[] = []
    let first: Hold | undefined
    const holding = one('shared', async (hold) => {
      first = hold
      events.push('one')
      await gate.promise
      events.push('one ends')
    })
    const behind = two('shared', async (hold) => {
      events.push('two')
      expect(await hold.hasEnded?.(first?.id ?? '')).toBe(true)
    })
    const beside = await two('other', async (hold) => hold)
    expect(await beside.hasEnded?.(first?.id ?? '')).toBe(false)
    gate.resolve()
    await Promise.all([holding, behind])
    expect(events).toEqual(['one', 'one ends', 'two'])
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
    const path = pathOf('shared')
    const before = readlinkSync(path)
    await expect(withLockFile(path, async () => {}, { lease: 5, wait: 100 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining(`Process ${holder.process.pid} on`),
    })
    expect(readlinkSync(path)).toBe(before)
  })

  test('a waiter that was stopped for longer than its wait does not give up when it goes on', async () => {
    await withLockFile(join(directory, 'waited.lock'), async () => {
      const waiter = launch('wait')
      expect(await waiter.next()).toBe('waiting')
      waiter.process.kill('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, 2500))
      waiter.process.kill('SIGCONT')
      for (let turn = 0; turn < 5; turn += 1) expect(await waiter.ask('turn')).toBe('running')
    })
    expect(await children[0]?.next()).toBe('held')
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a directory that cannot be written to: STORE_FAILED, no task runs (needs root)',
    () => {
      chmodSync(directory, 0o555)
      expect(run([process.execPath, contender, directory, 'try'], { uid: 65534 })).toEqual({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/\(EACCES\).* set XDG_STATE_HOME /),
      })
    },
  )

  test('a process that ends inside its task lets go', async () => {
    const holder = launch('exit')
    await holder.next()
    await holder.ended
    expect(readdirSync(directory)).toEqual([])
  })

  test('killed holders free their locks, to one of those who wait, and none of them meet (S74)', async () => {
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

describe('worker threads', () => {
  async function terminatedHolder() {
    const worker = new Worker(contender, { workerData: [directory, 'hold'] })
    await new Promise((resolve) => worker.once('message', resolve))
    const text = readlinkSync(pathOf('shared'))
    const hold = await fileLock(directory)('mine', async (mine) => mine)
    expect(await hold.hasEnded?.(text)).toBe(false)
    await worker.terminate()
    return { text, hold }
  }

  test('one that was terminated loses its lock to its own process', async () => {
    const { text, hold } = await terminatedHolder()
    if (process.platform === 'linux') expect(await hold.hasEnded?.(text)).toBe(true)
    expect(await fileLock(directory)('shared', async () => 'mine')).toBe('mine')
  })

  test('one that was terminated loses its lock to another process', async () => {
    await terminatedHolder()
    expect(run([process.execPath, contender, directory, 'try'])).toBe('held')
  })

  test('one that lives keeps its lock', async () => {
    const worker = new Worker(contender, { workerData: [directory, 'hold'] })
    await new Promise((resolve) => worker.once('message', resolve))
    await expect(withLockFile(pathOf('shared'), async () => {}, { lease: 5, wait: 100 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await worker.terminate()
  })

  test('one that cannot be looked at loses its lock after the lease, unless its process is stopped', async () => {
    const [pid, start, token, machine] = (await ownText()).split(':')
    const path = join(directory, 'a.lock')
    symlinkSync(`${pid}:${start?.split('.')[0]}.w99:another${token}:${machine}`, path)
    await expect(withLockFile(path, async () => {}, { wait: 20, lease: 60_000 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    expect(await withLockFile(path, async () => 'mine', { wait: 10_000, lease: 50 })).toBe('mine')
    const stopped = launch('hold')
    await stopped.next()
    stopped.process.kill('SIGSTOP')
    // the kernel stops it when it pleases
    await vi.waitFor(() => expect(readFileSync(`/proc/${stopped.process.pid}/stat`, 'utf8')).toContain(') T '), 5_000)
    symlinkSync(readlinkSync(pathOf('shared')).replace(/^(\d+:\d+)/, '$1.w3'), path)
    await expect(withLockFile(path, async () => {}, { wait: 200, lease: 20 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
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

  test.each(['by the next caller of this process', 'in the background, for other processes'])(
    'whose release its directory did not allow is removed %s',
    async (how) => {
      const path = join(directory, 'a.lock')
      const away = join(directory, 'away')
      await withLockFile(path, async () => {
        renameSync(path, away)
        mkdirSync(path)
      })
      rmdirSync(path)
      renameSync(away, path)
      if (how.startsWith('by')) expect(await withLockFile(path, async () => 'mine', { wait: 5_000 })).toBe('mine')
      else await vi.waitFor(() => expect(readdirSync(directory)).toEqual([]), 5_000)
    },
  )

  test('a directory in its place is reported', async () => {
    const path = join(directory, 'a.lock')
    mkdirSync(path)
    await expect(withLockFile(path, async () => {})).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })
})
