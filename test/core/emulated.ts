import { afterEach, beforeAll, beforeEach } from 'vitest'
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/index.ts'
import { platformOn, type WatchedPlatform } from './setting.ts'

// an emulator for every test of a file, and for each test a clock and a platform on which everything is watched

export let emulator: Emulator
export let clock: FakeClock
export let on: WatchedPlatform
let takeBack: (() => void)[] = []

export function useEmulator(options: EmulatorOptions = {}): void {
  beforeAll(async () => {
    emulator = await createEmulator({ now: () => clock.now(), autoLogin: 'user@example.com', ...options })
  })
  beforeEach(reset)
  afterEach(() => {
    for (const each of takeBack) each()
    takeBack = []
  })
}

/** Starts over: a new clock, and everything that a platform stores is gone. */
export function reset(): void {
  clock = fakeClock()
  on = platformOn(emulator, clock)
}

/** Goes on with another platform. */
export function usePlatform(other: WatchedPlatform): void {
  on = other
}

/** Makes the emulator fail until the test has ended. */
export const fault = (options: Parameters<Emulator['fault']>[0]) => void takeBack.push(emulator.fault(options))
