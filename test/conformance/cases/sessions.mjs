import { follow, hour } from '../place.mjs'

const day = 24 * hour

export function sessions(test, { imskit, adapter }, place) {
  const machine = async (more) => {
    const at = await place.inside()
    return { ...at, client: imskit.createClient({ flow: place.serverFlow(), ...at.on, ...more }) }
  }
  const person = async () => {
    const at = await place.inside()
    const client = imskit.createClient({ flow: place.loginFlow(), ...at.on })
    const login = async () => client.finishLogin(await follow(at.ims, await client.startLogin()))
    return { ...at, client, login }
  }

  test('entry: the conditions of this runtime give its own adapter', async (is) => {
    is.same(adapter.found, adapter.expected, 'file of the entry')
    for (const [name, there] of Object.entries(adapter.exports)) is.same(name in adapter.entry, there, name)
  })
  test('entry: the default export is the same namespace', async (is) => {
    is.true(adapter.entry.default.createClient === adapter.entry.createClient, 'createClient is the same')
  })

  test('session: a warm call sends nothing', async (is) => {
    const { client, sent } = await machine()
    const token = await client.getToken()
    is.same(sent.count, 1, 'requests')
    for (let turn = 0; turn < 10; turn++) is.true((await client.getToken()) === token, 'it is the same token')
    is.same(sent.count, 1, 'requests')
  })
  test('session: twenty concurrent callers make one request', async (is) => {
    const { client, sent } = await machine()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.getToken()))
    is.same(new Set(tokens).size, 1, 'tokens')
    is.same(sent.count, 1, 'requests')
  })
  test('session: two clients on one store and lock make one request (S40)', async (is) => {
    const { client, on, sent } = await machine()
    const other = imskit.createClient({ flow: place.serverFlow(), ...on })
    const tokens = await Promise.all([client.getToken(), other.getToken(), client.getToken(), other.getToken()])
    is.same(new Set(tokens).size, 1, 'tokens')
    is.same(sent.count, 1, 'requests')
  })
  test('session: a client made later finds the stored token', async (is) => {
    const { client, on, sent } = await machine()
    const token = await client.getToken()
    is.true((await imskit.createClient({ flow: place.serverFlow(), ...on }).getToken()) === token, 'it is found')
    is.same(sent.count, 1, 'requests')
  })
  test('session: other scopes are another token (S61)', async (is) => {
    const { client, on, sent } = await machine()
    const token = await client.getToken()
    const other = imskit.createClient({ flow: place.serverFlow({ scopes: ['openid'] }), ...on })
    is.true((await other.getToken()) !== token, 'it is another')
    is.same(sent.count, 2, 'requests')
  })
  test('session: other owners are other tokens (S99)', async (is) => {
    const { on, sent } = await machine()
    const of = (owner) => imskit.createClient({ flow: place.serverFlow(), ...on, owner }).getToken()
    is.true((await of('a')) !== (await of('b')), 'they differ')
    is.same(sent.count, 2, 'requests')
  })
  test('session: an expired token is renewed', async (is) => {
    const { client, clock, sent } = await machine()
    const token = await client.getToken()
    await clock.advance(day)
    is.true((await client.getToken()) !== token, 'it is new')
    is.same(sent.count, 2, 'requests')
  })
  test('session: force skips the stored token', async (is) => {
    const { client, sent } = await machine()
    const token = await client.getToken()
    is.true((await client.getToken({ force: true })) !== token, 'it is new')
    is.same(sent.count, 2, 'requests')
  })
  test('session: minValidity of a call decides', async (is) => {
    const { client, clock, sent } = await machine()
    const token = await client.getToken()
    await clock.advance(20 * hour)
    is.true((await client.getToken({ minValidity: 3 * hour })) === token, 'four hours are enough')
    is.true((await client.getToken({ minValidity: 5 * hour })) !== token, 'and too few here')
    is.same(sent.count, 2, 'requests')
  })
  test('session: an abort comes back untouched and fails nobody else', async (is) => {
    const { client, sent } = await machine()
    const leaving = new AbortController()
    const reason = new Error('mine')
    sent.before = () => new Promise((resolve) => setTimeout(resolve, 20))
    const stays = client.getToken()
    const leaves = client.getToken({ signal: leaving.signal })
    leaving.abort(reason)
    is.true((await is.rejects(leaves)) === reason, 'the reason is the caller’s own')
    is.true((await stays).length > 0, 'the other has a token')
    is.same(sent.count, 1, 'requests')
  })
  test('session: an aborted signal touches nothing', async (is) => {
    const { client, sent } = await machine()
    const reason = new Error('mine')
    is.true((await is.rejects(client.getToken({ signal: AbortSignal.abort(reason) }))) === reason, 'it is the reason')
    is.same(sent.count, 0, 'requests')
  })
  test('session: expires_in of the token endpoint is in seconds (S37)', async (is) => {
    const { client, clock } = await machine()
    const life = (await client.getTokens()).expiresAt - clock.now()
    is.true(life <= day && life >= day - 1000, `it lives a day, but for the second that Date rounds off: ${life}`)
  })
  test('session: a clock that is wrong is corrected by the Date of the answer', async (is) => {
    const { client, clock, ims } = await machine()
    const right = clock.now()
    clock.set(right - 3 * hour)
    ims.setTime(right)
    try {
      const { expiresAt } = await client.getTokens()
      is.true(Math.abs(expiresAt - clock.now() - day) <= 1000, 'it ends a day from now by the local clock')
      is.true((await client.getToken()).length > 0, 'it is used')
    } finally {
      ims.setTime(undefined)
    }
  })
  test('session: an outage keeps a token that has not ended', async (is) => {
    const { client, clock, sent } = await machine()
    const token = await client.getToken()
    await clock.advance(day - 60_000)
    sent.before = () => {
      throw new TypeError('down')
    }
    is.true((await client.getToken()) === token, 'it still serves')
    await clock.advance(120_000)
    await is.rejects(client.getToken(), { code: 'NETWORK_FAILED', name: 'UnavailableError' })
  })
  test('session: a person is never asked by getToken', async (is) => {
    const { client, sent } = await person()
    await is.rejects(client.getToken(), { code: 'LOGIN_REQUIRED', name: 'LoginRequiredError' })
    is.same(sent.count, 0, 'requests')
  })
  test('session: refresh tokens rotate, each is sent once', async (is) => {
    const { client, clock, login, grants } = await person()
    const seen = new Set([(await login()).accessToken])
    for (let round = 0; round < 3; round++) {
      await clock.advance(day)
      seen.add(await client.getToken())
    }
    is.same(seen.size, 4, 'tokens')
    is.same(
      grants().filter(Boolean),
      ['authorization_code', 'refresh_token', 'refresh_token', 'refresh_token'],
      'grants',
    )
  })
  test('session: twenty callers after the end are one refresh', async (is) => {
    const { client, clock, login, grants } = await person()
    await login()
    await clock.advance(day)
    is.same(new Set(await Promise.all(Array.from({ length: 20 }, () => client.getToken()))).size, 1, 'tokens')
    is.same(grants().filter((grant) => grant === 'refresh_token').length, 1, 'refreshes')
  })
  test('session: whose refresh token is refused adopts what the winner stored (S41)', async (is) => {
    const { client, on, clock, login, sent } = await person()
    await login()
    const [key] = await on.store.keys('imskit/tokens/')
    await clock.advance(day)
    sent.before = async () => {
      const tokens = await on.store.get(key)
      const won = { ...tokens, accessToken: 'of the winner', expiresAt: clock.now() + day, refreshToken: 'rotated' }
      await on.store.set(key, won)
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    is.same(await client.getToken(), 'of the winner', 'token')
    is.same((await on.store.get(key)).refreshToken, 'rotated', 'refresh token')
    is.same(sent.count, 2, 'requests')
  })
  test('session: a refresh token that is really refused is forgotten', async (is) => {
    const { client, on, clock, login, sent } = await person()
    await login()
    await clock.advance(day)
    sent.before = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    await is.rejects(client.getToken(), { code: 'LOGIN_REQUIRED' })
    const { count } = sent
    await is.rejects(client.getToken(), { code: 'LOGIN_REQUIRED' })
    is.same(sent.count, count, 'requests')
    is.same(await on.store.keys('imskit/tokens/'), [], 'stored')
  })
  test('session: forget empties the store, and IMS is not told', async (is) => {
    const { client, on, sent } = await machine()
    await client.getToken()
    await client.forget()
    is.same(await on.store.keys('imskit/tokens/'), [], 'stored')
    is.same(sent.count, 1, 'requests')
  })
  test('session: a closed client refuses', async (is) => {
    const { client } = await machine()
    await client.getToken()
    client.close()
    await is.rejects(client.getToken(), { name: 'AbortError' })
  })
  test('session: events report what happens, without secrets (S92, S100)', async (is) => {
    const events = []
    const { client } = await machine({ onEvent: (event) => events.push(event) })
    const token = await client.getToken()
    is.true(events.some(({ type }) => type === 'request') && events.some(({ type }) => type === 'token'), 'both came')
    const text = JSON.stringify(events)
    is.true(!text.includes(token) && !text.includes('secret'), 'no token and no secret')
  })
}
