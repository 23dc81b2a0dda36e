import { expect, test } from 'vitest'
import { requestCookies } from '../../../src/adapters/worker/bff/cookies.ts'

test('on https, cookies without the prefix are ignored', () => {
  const header = '__Host-Http-a=1; b=2; __Host-c=3; __Host-Http-a=4; __Host-Http-d="x y"; =5; __Host-Http-e'
  const cookies = requestCookies(header, { secure: true })
  expect(cookies.names('')).toEqual(['a'])
  expect(cookies.get('a')).toBe('1')
})
