import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test, vi } from 'vitest'
import { fileLock, withLockFile } from '../../../src/adapters/node/files/lock-file.ts'
import { run } from '../fixtures/scripts.ts'
import { children, contender, directory, launch, ownText, pathOf } from './kit/locks.ts'

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

  test('a waiter that was stopped for longer than its wait does not give up when it continues', async () => {
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

  test('killed holders free their locks, for one waiter at a time (S74)', async () => {
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
