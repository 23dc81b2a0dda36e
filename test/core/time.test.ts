import { expect, test } from 'vitest'
import { stopwatch } from '../../src/core/time.ts'
import { fakeClock } from '../../src/testing/index.ts'
import { hour } from './setting.ts'

test('a stopwatch goes by whichever clock says more', async () => {
  const clock = fakeClock()
  const elapsed = stopwatch(clock)
  await clock.advance(100)
  expect(elapsed()).toBe(100)
  clock.set(clock.now() + 5_000)
  expect(elapsed()).toBe(5_100)
  clock.set(clock.now() - hour)
  expect(elapsed()).toBe(100)
})
