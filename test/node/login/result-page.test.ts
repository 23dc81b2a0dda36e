import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { resultPage } from '../../../src/adapters/node/login/result-page.ts'

const callback = (query: Record<string, string>) =>
  new URL(`http://127.0.0.1:8888/callback?${new URLSearchParams({ state: 'the-state', ...query })}`)

test('allows its own style only', async () => {
  const { body, headers } = await resultPage(callback({ code: 'the-code' }))
  const style = /<style>([\s\S]*)<\/style>/.exec(body)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  expect(headers['Content-Security-Policy']).toContain(`style-src 'sha256-${hash}'`)
  expect(style).toContain('color-scheme: light dark')
  expect(body).toContain('<html lang="en">')
})

test.each([
  [{ code: 'the-code' }, 'You are signed in', undefined],
  [{ error: 'access_denied' }, 'Sign-in canceled', 'You did not sign in.'],
  [{ error: 'server_error' }, 'Sign-in failed', 'The sign-in service is not available at the moment.'],
  [{ error: 'invalid_scope', error_description: 'not yours' }, 'Sign-in failed', 'contact the support of this app'],
])('tells the user what happened: %o', async (query, title, sentence) => {
  const { body } = await resultPage(callback(query as Record<string, string>))
  expect(body).toContain(`<h1>${title}</h1>`)
  expect(body).toContain('You can close this tab and return to the program that asked you to sign in.')
  expect(body.includes('role="alert"')).toBe(sentence !== undefined)
  if (sentence !== undefined) expect(body).toContain(sentence)
})

test('contains the error of the callback as escaped text of limited length, and no code or state', async () => {
  const query = { error: 'invalid_scope', error_description: `<img src=x onerror=alert(1)>${'x'.repeat(1000)}` }
  const { body } = await resultPage(callback(query))
  expect(body).toContain('invalid_scope: &lt;img src=x onerror=alert(1)&gt;xxx')
  expect(body).not.toMatch(/<img|x{300}|the-state/)
  expect((await resultPage(callback({ code: 'the-code' }))).body).not.toMatch(/the-code|the-state/)
})
