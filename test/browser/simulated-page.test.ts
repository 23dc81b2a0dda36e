// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { webLock } from '../../src/adapters/browser/index.ts'
import { signInAndOut } from './simulated-page.ts'

test('a login starts and completes in happy-dom', async () => {
  expect(navigator.userAgent).toContain('HappyDOM')
  await signInAndOut()
})

test('without Web Locks, two locks of one page keep their tasks apart', async () => {
  expect(navigator.locks ?? undefined).toBeUndefined()
  let inside = 0
  let most = 0
  const task = async () => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve))
    inside--
  }
  await Promise.all([webLock()('shared', task), webLock()('shared', task), webLock({ lease: 1 })('shared', task)])
  expect(most).toBe(1)
})
