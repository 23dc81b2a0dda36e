import { describe, expect, test } from 'vitest'
import { timedOut, withDeadline } from '../../../src/core/ims/deadline.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { gate, rejection } from '../setting.ts'

describe('a deadline', () => {
  test('that fires late lets the answer in the socket win', async () => {
    const clock = fakeClock()
    const { opened, open } = gate()
    const answer = withDeadline({ clock, timeout: 1_000 }, async () => {
      await opened
      return 'answer'
    })
    // the process stood still: its timer fires long after its time
    clock.set(clock.now() + 60_000)
    await clock.advance(1_000)
    open()
    expect(await answer).toBe('answer')
  })

  test('that fires a little late lets the answer in the socket win, which is read after the timers', async () => {
    const clock = fakeClock()
    const { opened, open } = gate()
    const answer = withDeadline({ clock, timeout: 1_000 }, async () => {
      await opened
      return 'answer'
    })
    const timers = clock.advance(1_000)
    // the timer has fired, and the next phase of the event loop reads the socket
    await Promise.resolve()
    open()
    await timers
    expect(await answer).toBe('answer')
  })

  test('that fires late ends a call without an answer soon after', async () => {
    const clock = fakeClock()
    const ended = rejection(withDeadline({ clock, timeout: 1_000 }, () => new Promise(() => {})))
    clock.set(clock.now() + 60_000)
    await clock.advance(1_000)
    await clock.advance(2_000)
    expect(await ended).toBe(timedOut)
  })
})
