import type { Redirect } from '../core/ports.ts'
import { assert, assertSame, checkContract, rejection, type Test } from './assert.ts'

export interface RedirectContractOptions {
  /** A redirect that sends the simulated user to `trip`, who follows the authorization URL and is redirected back. */
  readonly makeRedirect: (trip: (authorizationUrl: string) => void) => Redirect | Promise<Redirect>
  /** Redirects the user back: opens `callback` as a browser would. */
  readonly comeBack: (callback: string) => Promise<void>
}

/** Checks what every {@link Redirect} that can wait for a user must do. */
export function redirectContract(test: Test, options: RedirectContractOptions): void {
  checkContract('redirectContract', test, options)
  const { makeRedirect, comeBack } = options
  const authorization = (redirectUri: string) => {
    const url = new URL('https://ims.example/authorize')
    url.searchParams.set('redirect_uri', redirectUri)
    url.searchParams.set('state', 'contract-state')
    return url
  }
  const answer = (redirectUri: string, query: string) =>
    `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`

  test('redirect: brings back the callback URL', async () => {
    const redirect = await makeRedirect((url) => {
      const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
      void comeBack(answer(redirectUri, 'code=contract-code&state=contract-state'))
    })
    const trip = await redirect.prepare()
    try {
      const callback = await trip.navigate(authorization(trip.redirectUri))
      assertSame(callback.searchParams.get('code'), 'contract-code', 'code')
      assertSame(callback.searchParams.get('state'), 'contract-state', 'state')
      assert(callback.href.startsWith(new URL(trip.redirectUri).origin), 'the callback is at the redirect URI')
    } finally {
      await trip.close()
    }
  })
  test('redirect: is not fooled by another state', async () => {
    const redirect = await makeRedirect((url) => {
      const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
      void comeBack(answer(redirectUri, 'code=forged&state=other')).then(() =>
        comeBack(answer(redirectUri, 'code=contract-code&state=contract-state')),
      )
    })
    const trip = await redirect.prepare()
    try {
      const callback = await trip.navigate(authorization(trip.redirectUri))
      assertSame(callback.searchParams.get('code'), 'contract-code', 'code')
    } finally {
      await trip.close()
    }
  })
  test('redirect: ends with the caller’s own reason', async () => {
    const control = new AbortController()
    const reason = new Error('mine')
    const redirect = await makeRedirect(() => control.abort(reason))
    const trip = await redirect.prepare({ signal: control.signal })
    try {
      assert(
        (await rejection(trip.navigate(authorization(trip.redirectUri)))) === reason,
        'signal.reason comes back untouched',
      )
    } finally {
      await trip.close()
      await trip.close()
    }
  })
}
