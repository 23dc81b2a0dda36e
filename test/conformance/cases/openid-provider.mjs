import { hour, redirectUri } from '../place.mjs'

/** The same against a certified server that we did not write. */
export function openIdProvider(test, { imskit, platform, setting }, place) {
  const need = 'openIdProvider'
  const scopes = ['openid', 'email']
  const { clientId, issuer } = setting.openIdProvider

  // a page gives the check itself, so that others do not carry it
  const { idTokenSignature } = imskit
  const signatureChecked = idTokenSignature ? { checkIdToken: idTokenSignature } : { verifyIdTokenSignature: true }

  async function setUp(more) {
    const lent = await platform()
    let ahead = 0
    const clock = { ...imskit.systemClock, now: () => Date.now() + ahead }
    const make = () =>
      imskit.createClient({
        flow: imskit.authorizationCode({ clientId, scopes, redirectUri, ...more }),
        ...lent,
        clock,
        endpoint: issuer,
        retry: { retries: 0 },
      })
    const client = make()
    const signIn = async () => client.finishLogin(await place.browse(await client.startLogin()))
    const forward = () => {
      ahead += 2 * hour
    }
    return { client, make, signIn, forward, store: lent.store }
  }

  for (const verifyIdTokenSignature of [false, true]) {
    test(
      `openid provider: login, signature of the id token ${verifyIdTokenSignature ? '' : 'not '}checked`,
      async (is) => {
        const { client, signIn } = await setUp(verifyIdTokenSignature && signatureChecked)
        const { claims, accessToken: token, scopes: granted } = await signIn()
        is.same([claims.sub, claims.aud, claims.iss], ['alice', clientId, issuer], 'claims')
        is.same(granted, scopes, 'scopes')
        is.same(await client.getToken(), token, 'token')
      },
      need,
    )
  }
  test(
    'openid provider: refresh tokens rotate through three rounds of twenty callers',
    async (is) => {
      const { client, signIn, forward } = await setUp()
      const seen = new Set([(await signIn()).accessToken])
      for (let round = 0; round < 3; round++) {
        forward()
        const tokens = await Promise.all(Array.from({ length: 20 }, () => client.getToken()))
        is.same(new Set(tokens).size, 1, 'tokens of a round')
        seen.add(tokens[0])
      }
      is.same(seen.size, 4, 'tokens')
    },
    need,
  )
  test(
    'openid provider: two clients on one store refresh once, and nothing is used twice',
    async (is) => {
      const { client, make, signIn, forward } = await setUp()
      const other = make()
      const { accessToken: token } = await signIn()
      is.same(await other.getToken(), token, 'token')
      for (let round = 0; round < 2; round++) {
        forward()
        const tokens = await Promise.all([client.getToken(), other.getToken(), client.getToken(), other.getToken()])
        is.same(new Set(tokens).size, 1, 'tokens')
      }
    },
    need,
  )
  test(
    'openid provider: a wrong verifier is refused',
    async (is) => {
      const { client, store } = await setUp()
      const lent = { ...(await platform()), store, pending: store }
      const flow = imskit.authorizationCode({ clientId, scopes, redirectUri })
      const watched = imskit.createClient({ flow, ...lent, endpoint: issuer, retry: { retries: 0 } })
      const callback = await place.browse(await watched.startLogin())
      const [key] = await store.keys('imskit/pending/')
      await store.set(key, { ...(await store.get(key)), codeVerifier: 'x'.repeat(43) })
      await is.rejects(watched.finishLogin(callback), { code: 'HTTP_ERROR', imsError: 'invalid_grant' })
      await is.rejects(client.getToken(), { code: 'LOGIN_REQUIRED' })
    },
    need,
  )
  test(
    'openid provider: another nonce is refused',
    async (is) => {
      const { store } = await setUp()
      const flow = imskit.authorizationCode({ clientId, scopes, redirectUri })
      const lent = { ...(await platform()), store, pending: store }
      const client = imskit.createClient({ flow, ...lent, endpoint: issuer, retry: { retries: 0 } })
      const callback = await place.browse(await client.startLogin())
      const [key] = await store.keys('imskit/pending/')
      await store.set(key, { ...(await store.get(key)), nonce: 'another' })
      await is.rejects(client.finishLogin(callback), { code: 'TOKEN_INVALID', reason: 'nonce' })
    },
    need,
  )
  test(
    'openid provider: its id token is verified with its published keys',
    async (is) => {
      const { keys } = await (await fetch(`${issuer}/ims/keys`)).json()
      is.true(keys.length > 0, 'there are keys')
      const { signIn } = await setUp(signatureChecked)
      const { accessToken: token, claims } = await signIn()
      const info = await new imskit.Ims({ endpoint: issuer }).getUserInfo(token)
      is.same([info.sub, info.email], [claims.sub, 'alice@example.com'], 'user info')
    },
    need,
  )
}
