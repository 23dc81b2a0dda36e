import { afterEach, beforeAll, beforeEach } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import { platformOn, type WatchedPlatform } from './setting.ts'

/** An emulator for every test of a file, and for each test a clock and a platform on which everything is watched. */
export interface Stage {
  emulator: Emulator
  clock: FakeClock
  on: WatchedPlatform
  /** Makes the emulator fail until the test has ended. */
  fault(options: Parameters<Emulator['fault']>[0]): void
}

export function stage(): Stage {
  let takeBack: (() => void)[] = []
  const it = {
    fault: (options: Parameters<Emulator['fault']>[0]) => void takeBack.push(it.emulator.fault(options)),
  } as Stage
  beforeAll(async () => {
    it.emulator = await createEmulator({ now: () => it.clock.now(), autoLogin: 'user@example.com' })
  })
  beforeEach(() => {
    it.clock = fakeClock()
    it.on = platformOn(it.emulator, it.clock)
  })
  afterEach(() => {
    for (const each of takeBack) each()
    takeBack = []
  })
  return it
}
