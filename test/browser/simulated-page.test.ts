// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { signInAndOut } from './simulated-page.ts'

test('a login starts and completes in happy-dom', async () => {
  expect(navigator.userAgent).toContain('HappyDOM')
  await signInAndOut()
})
