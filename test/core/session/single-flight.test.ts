import { expect, test } from 'vitest'
import { createClient, systemClock } from '../../../src/core/index.ts'
import { serverFlow, settled } from '../setting.ts'
import { world } from './signed-in.ts'

const it = world()

test('fifty calls with one signal leave one listener on it, and none once they have ended', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => void warnings.push(warning)
  process.on('warning', note)
  const { signal } = new AbortController()
  const { store, lock, fetch, endpoint } = it.on
  const calls = Array.from({ length: 50 }, (_, index) =>
    createClient({ flow: serverFlow(it.emulator), store, lock, fetch, endpoint, owner: String(index) }).getToken({
      signal,
    }),
  )
  await Promise.all(calls)
  await Promise.all(Array.from({ length: 50 }, () => systemClock.sleep(1, signal)))
  await settled()
  process.off('warning', note)
  expect(warnings.map(({ name }) => name)).not.toContain('MaxListenersExceededWarning')
})
