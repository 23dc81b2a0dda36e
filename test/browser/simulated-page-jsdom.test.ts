// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { signInAndOut } from './simulated-page.ts'

test('a login starts and completes in jsdom', async () => {
  expect(navigator.userAgent).toContain('jsdom')
  // the reason for this test
  expect(new TextEncoder().encode('')).not.toBeInstanceOf(Uint8Array)
  await signInAndOut()
})
