import { describe, expect, test } from 'vitest'
import { findings } from './kit.ts'

describe('findings for', () => {
  const todo = async (text: string) => (await findings({ 'a.js': text })).map(({ line, see }) => `${line} ${see}`)
  const [coreAuth, jwt] = ['docs/migrating.md#from-adobeaio-lib-core-auth', 'docs/migrating.md#from-jsonwebtoken']

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
      `1 ${jwt}`,
      `2 ${jwt}`,
    ])
    expect(await todo(`import auth from '@adobe/jwt-auth'\n\nauth(config)`)).toEqual([`1 ${jwt}`, `3 ${jwt}`])
  })

  test('jsonwebtoken, in a file that names something of IMS', async () => {
    const sign = `const jwt = require('jsonwebtoken')\nconst a = jwt.sign({ aud }, key)\njwt.verify(a, key)\njwt.decode(a)\n`
    expect(await todo(sign)).toEqual([])
    for (const about of ['"https://ims-na1.adobelogin.com"', '"/s/ent_adobeio_sdk"', 'body = { jwt_token: a }'])
      expect(await todo(sign + about)).toEqual([`2 ${jwt}`, `3 ${jwt}`, `4 ${jwt}`])
  })
})
