import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { expect, onTestFinished, test } from 'vitest'
import { loopbackRedirect } from '../../../src/adapters/node/lazy.ts'
import { relayLogin } from '../../../src/adapters/node/login/login-relay.ts'
import { isSameSecret } from '../../../src/adapters/node/login/same-secret.ts'

/** The lengths of what is compared in constant time from now on. The comparison itself is Node's. */
function comparisons(): [number, number][] {
  const { timingSafeEqual } = crypto
  const seen: [number, number][] = []
  const replace = (comparison: typeof timingSafeEqual) => {
    crypto.timingSafeEqual = comparison
    syncBuiltinESMExports()
  }
  replace((left, right) => {
    seen.push([left.byteLength, right.byteLength])
    return timingSafeEqual(left, right)
  })
  onTestFinished(() => replace(timingSafeEqual))
  return seen
}

test.each([
  ['same', 'same', true],
  ['same', 'samf', false],
  ['same', 'same ', false],
  ['', 'same', false],
  ['é', 'e\u0301', false],
])('%j and %j are compared in constant time, by digests of one length', async (left, right, same) => {
  const seen = comparisons()
  expect(await isSameSecret(left, right)).toBe(same)
  expect(seen).toEqual([[32, 32]])
})

test('the listener of a login compares the state so (S96)', async () => {
  const state = '0123456789abcdef0123456789abcdef'
  const trip = await loopbackRedirect({ env: {}, open: false, output: () => {} }).prepare()
  onTestFinished(() => trip.close())
  const arrived = trip.navigate(new URL(`https://ims.example/ims/authorize/v2?state=${state}`))
  const seen = comparisons()
  const answer = (given: string) => fetch(`${trip.redirectUri}?code=c&state=${given}`)
  expect((await answer(`${state.slice(0, -1)}0`)).status).toBe(400)
  expect(seen).toEqual([[32, 32]])
  expect((await answer(state)).status).toBe(200)
  await arrived
  expect(seen).toHaveLength(2)
})

test('the listener of the relay compares its id so (S96)', async () => {
  let opened: (url: string) => void = () => {}
  const url = new Promise<string>((resolve) => {
    opened = resolve
  })
  const result = relayLogin({ env: 'prod', processEnv: {}, output: () => {}, open: opened })
  const { searchParams, origin } = new URL(await url)
  const seen = comparisons()
  const answer = (id: string) =>
    fetch(`http://localhost:${searchParams.get('port')}`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({
        code: JSON.stringify({ access_token: { token: 'at', expiry: 1_900_000_000_000 } }),
        code_type: 'access_token',
        state: JSON.stringify({ id }),
      }),
    })
  const id = searchParams.get('id') ?? ''
  expect((await answer(`${id.slice(0, -1)}!`)).status).toBe(400)
  expect(seen).toEqual([[32, 32]])
  await answer(id)
  expect(await result).toMatchObject({ type: 'access_token' })
  expect(seen).toHaveLength(2)
})
