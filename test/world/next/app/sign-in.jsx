'use client'

import { authorizationCode, browserPlatform, createClient } from 'imskit/browser'

// this module is also loaded on the server, which renders the page first
const ims = createClient({
  flow: authorizationCode({ clientId: 'app', scopes: ['openid'], redirectUri: 'https://app.example/' }),
  ...browserPlatform(),
})

export const SignIn = () => (
  <button type="button" onClick={() => ims.login()}>
    Sign in
  </button>
)
