import { describe, expect, test } from 'vitest'
import { findings } from './kit.ts'

describe('findings for', () => {
  const todo = async (text: string) => (await findings({ 'a.js': text })).map(({ line, see }) => `${line} ${see}`)
  const [coreAuth, jwt] = ['docs/migrating.md#from-adobeaio-lib-core-auth', 'docs/migrating.md#from-jsonwebtoken']
  const [jwtAuth, authToken] = ['docs/migrating.md#from-adobejwt-auth', 'docs/migrating.md#from-adobeauth-token']
  const imslib = 'docs/migrating.md#from-imslib-adobeims'

  test('@adobe/aio-lib-core-auth: its import, its calls, its errors', async () => {
    const text = `import { generateAccessToken, invalidateCache as clear } from '@adobe/aio-lib-core-auth'
      try { await generateAccessToken(params) } catch (error) {
        if (error.code === 'IMS_TOKEN_ERROR') log(
          error.sdkDetails.statusCode)
      }
      clear()`
    expect(await todo(text)).toEqual([1, 2, 3, 4, 6].map((line) => `${line} ${coreAuth}`))
  })

  test('@adobe/jwt-auth: its import and its calls', async () => {
    expect(await todo(`const auth = require('@adobe/jwt-auth')\nauth(config).then(f)`)).toEqual([
      `1 ${jwtAuth}`,
      `2 ${jwtAuth}`,
    ])
    expect(await todo(`import auth from '@adobe/jwt-auth'\n\nauth(config)`)).toEqual([`1 ${jwtAuth}`, `3 ${jwtAuth}`])
  })

  test('@adobe/auth-token: its import and its calls', async () => {
    const text = `import { auth } from '@adobe/auth-token'\n\nauth(config)`
    expect(await todo(text)).toEqual([`1 ${authToken}`, `3 ${authToken}`])
  })

  test('imslib: the configuration and the methods of its globals', async () => {
    const text = `window.adobeid = { client_id: 'my-app', onReady: ready }
      function ready() {
        if (adobeIMS.isSignedInUser()) use(window.adobeIMS?.getAccessToken()?.token)
        else globalThis.adobeIMS['signIn']()
      }`
    expect(await todo(text)).toEqual([1, 3, 3, 4].map((line) => `${line} ${imslib}`))
    const html = `<h1>Hello</h1>
      <script>window.adobeid = { client_id: 'my-app' }</script>
      <script src="https://auth.services.adobe.com/imslib/imslib.min.js"></script>
      <button onclick="adobeIMS.signIn()">Sign in</button>`
    const found = await findings({ 'index.html': html })
    expect(found.map(({ line, see }) => `${line} ${see}`)).toEqual([2, 3, 4].map((line) => `${line} ${imslib}`))
    expect(await todo('other.adobeIMS.signIn()\nconst adobeidea = 1')).toEqual([])
  })

  test('jsonwebtoken, in a file that names something of IMS', async () => {
    const sign = `const jwt = require('jsonwebtoken')\nconst a = jwt.sign({ aud }, key)\njwt.verify(a, key)\njwt.decode(a)\n`
    expect(await todo(sign)).toEqual([])
    for (const about of ['"https://ims-na1.adobelogin.com"', '"/s/ent_adobeio_sdk"', 'body = { jwt_token: a }'])
      expect(await todo(sign + about)).toEqual([`2 ${jwt}`, `3 ${jwt}`, `4 ${jwt}`])
  })
})
