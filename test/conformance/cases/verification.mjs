import { sign } from '../place.mjs'

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
}

export function verification(test, { imskit, setting }, place) {
  let making
  const pair = () => {
    making ??= crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
    return making
  }
  const now = () => Date.now()
  const claims = (more) => ({
    type: 'access_token',
    client_id: 'client-a',
    scope: 'openid,AdobeID',
    as: 'ims-na1',
    created_at: String(now() - 1000),
    expires_in: '86400000',
    ...more,
  })
  const header = (more) => ({ alg: 'RS256', kid: 'key-1', ...more })

  async function verify(token, options) {
    const { publicKey } = await pair()
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' }
    const asked = []
    const fetch = async (url) => {
      asked.push(url)
      return Response.json({ keys: [jwk] })
    }
    const ims = new imskit.Ims({ fetch, retry: { retries: 0 } })
    return {
      asked,
      result: await ims.verifyToken(token, options).then(
        (ok) => ({ ok }),
        (error) => ({ error }),
      ),
    }
  }
  async function refused(is, token, reason, options) {
    const { asked, result } = await verify(token, options)
    is.same([result.error?.code, result.error?.reason], ['TOKEN_INVALID', reason], 'code and reason')
    is.true(
      asked.every((url) => url.endsWith('.adobelogin.com/ims/keys')),
      'no other address was asked',
    )
  }
  const good = async (more, moreHeader) => sign(claims(more), header(moreHeader), (await pair()).privateKey)

  test('verify: a good token gives its claims', async (is) => {
    const { result } = await verify(await good(), { clientId: 'client-a', scopes: ['openid'] })
    is.same(result.ok?.client_id, 'client-a', 'client_id')
  })
  test('verify: the token of the emulator, with its published keys', async (is) => {
    const token = await imskit.createClient({ flow: place.serverFlow(), ...(await place.outside()) }).getToken()
    const { clientId } = setting.server
    is.same((await place.ims().verifyToken(token, { clientId })).client_id, clientId, 'client_id')
  })
  test('verify: alg none (S77)', async (is) => {
    await refused(is, await sign(claims(), { alg: 'none' }), 'algorithm')
  })
  test('verify: the public key as a secret (HS256) (S77)', async (is) => {
    const spki = await crypto.subtle.exportKey('spki', (await pair()).publicKey)
    const secret = await crypto.subtle.importKey('raw', spki, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    await refused(is, await sign(claims(), header({ alg: 'HS256' }), secret), 'algorithm')
  })
  test('verify: an unknown kid', async (is) => {
    await refused(is, await good({}, { kid: 'other' }), 'key')
  })
  test('verify: the key of an attacker, named by x5u, jku and jwk (S78)', async (is) => {
    const stranger = await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])
    const jwk = await crypto.subtle.exportKey('jwk', stranger.publicKey)
    const evil = { x5u: 'https://evil.example/c', jku: 'https://evil.example/k', jwk }
    await refused(is, await sign(claims(), header(evil), stranger.privateKey), 'signature')
  })
  test('verify: changed claims (S79)', async (is) => {
    const [head, , signature] = (await good()).split('.')
    const [, body] = (await good({ client_id: 'client-b' })).split('.')
    await refused(is, `${head}.${body}.${signature}`, 'signature')
  })
  test('verify: expired (S80)', async (is) => {
    await refused(is, await good({ created_at: String(now() - 90_000_000) }), 'expired')
  })
  test('verify: not yet valid', async (is) => {
    await refused(is, await good({ created_at: String(now() + 600_000) }), 'not_yet_valid')
  })
  test('verify: a refresh token is not an access token (S81)', async (is) => {
    await refused(is, await good({ type: 'refresh_token' }), 'type')
  })
  test('verify: for another client', async (is) => {
    await refused(is, await good(), 'client', { clientId: 'client-b' })
    await refused(is, await good(), 'client', { allowList: ['client-b'] })
  })
  test('verify: without the scope', async (is) => {
    await refused(is, await good(), 'scope', { scopes: ['openid', 'admin'] })
  })
  test('verify: of another issuer', async (is) => {
    await refused(is, await good(), 'issuer', { issuer: 'https://ims-na1-stg1.adobelogin.com' })
  })
  test('verify: what is no token', async (is) => {
    for (const text of ['', 'text', 'a.b', 'e30.e30.e30']) {
      const { result } = await verify(text)
      is.same(result.error?.code, 'TOKEN_INVALID', `code for '${text}'`)
    }
  })
}
