import { expect, test } from 'vitest'
import { withSetCookies } from '../../../src/bindings/next/forwarded-cookies.ts'

test.each([
  ['a=1; b=2', ['b=3; Path=/; HttpOnly'], 'a=1; b=3'],
  ['a=1', ['b=2; Path=/'], 'a=1; b=2'],
  ['session=old; session.1=part; a=1', ['session=new; Path=/', 'session.1=; Path=/; Max-Age=0'], 'a=1; session=new'],
  ['a=1==; ; broken', ['b=2='], 'a=1==; b=2='],
  [null, ['a=1'], 'a=1'],
  ['a=1', ['a=; Max-Age=0'], ''],
  ['a=1; b=2', [], 'a=1; b=2'],
])('%j with %j is sent as %j', (sent, lines, expected) => {
  expect(withSetCookies(sent, lines)).toBe(expected)
})
