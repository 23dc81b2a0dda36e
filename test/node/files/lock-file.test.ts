import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fileLock, withLockFile } from '../../../src/adapters/node/files/lock-file.ts'
import { runningTime } from '../../../src/adapters/node/files/lock-queue.ts'
import type { Hold } from '../../../src/core/ports.ts'
import { deferred, directory, launch, module, pathOf, scripts } from './kit/locks.ts'

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

  test('an aborted wait throws the reason untouched, and the next waiter is served', async () => {
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

  test('knows that an earlier one of its process ended, and that a current one did not', async () => {
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

  test('knows whether one of another process ended only once that process has exited', async () => {
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
