export function flows(test, { imskit, setting }, place) {
  const client = async (flow, more) => imskit.createClient({ flow, ...(await place.outside()), ...more })
  const person = async () => {
    const signedIn = await client(place.loginFlow())
    await signedIn.finishLogin(await place.browse(await signedIn.startLogin()))
    return signedIn
  }

  test('flow: client credentials', async (is) => {
    const { accessToken: token, expiresAt } = await (await client(place.serverFlow())).getTokens()
    is.same(imskit.getTokenData(token).client_id, setting.server.clientId, 'client_id')
    is.true(expiresAt > Date.now(), 'it ends later')
  })
  test('flow: client credentials, the next secret is tried when one is refused', async (is) => {
    const rotated = await client(place.serverFlow({ clientSecret: ['revoked', ...setting.server.clientSecret] }))
    is.same(imskit.getTokenData(await rotated.getToken()).client_id, setting.server.clientId, 'client_id')
  })
  test('flow: client credentials, every secret refused', async (is) => {
    const wrong = await client(place.serverFlow({ clientSecret: ['wrong', 'wrong too'] }))
    const error = await is.rejects(wrong.getToken(), { code: 'HTTP_ERROR', imsError: 'invalid_client' })
    is.true(error.status >= 400 && error.status < 500, 'the status is there')
  })
  for (const format of ['pkcs8', 'pkcs1', 'encrypted']) {
    test(`flow: jwt with a key as ${format}`, async (is) => {
      const { passphrase, [format]: privateKey } = setting.keys
      const flow = imskit.jwtBearer({ ...setting.jwt, privateKey, ...(format === 'encrypted' && { passphrase }) })
      const { accessToken: token, expiresAt } = await (await client(flow)).getTokens()
      is.same(imskit.getTokenData(token).client_id, setting.jwt.clientId, 'client_id')
      is.true(Math.abs(expiresAt - Date.now() - 86_400_000) < 600_000, 'its milliseconds are read as milliseconds')
    })
  }
  test('flow: authorization code with PKCE in two halves', async (is) => {
    const signedOut = await client(place.loginFlow())
    const url = await signedOut.startLogin({ appState: { a: 1 }, returnTo: '/inbox' })
    is.same(url.searchParams.get('code_challenge_method'), 'S256', 'code_challenge_method')
    is.true(/^[\w-]{43}$/.test(url.searchParams.get('code_challenge')), 'there is a challenge')
    is.true(url.searchParams.get('state').length >= 22, 'state has 128 bits')
    const result = await signedOut.finishLogin(await place.browse(url))
    is.same(result.appState, { a: 1 }, 'appState')
    is.same(result.claims.aud, setting.person.clientId, 'aud')
    is.same(result.missingScopes, [], 'missing scopes')
    is.same(await signedOut.getToken(), result.accessToken, 'token')
  })
  test('flow: a callback works once (S22)', async (is) => {
    const first = await client(place.loginFlow())
    const callback = await place.browse(await first.startLogin())
    await first.finishLogin(callback)
    await is.rejects((await client(place.loginFlow())).finishLogin(callback), { code: 'STATE_MISMATCH' })
  })
  test('flow: another state changes nothing (S7)', async (is) => {
    const signedOut = await client(place.loginFlow())
    const callback = await place.browse(await signedOut.startLogin())
    const forged = new URL(callback)
    forged.searchParams.set('state', 'forged')
    await is.rejects(signedOut.finishLogin(forged), { code: 'STATE_MISMATCH', name: 'LoginRequiredError' })
    is.true((await signedOut.finishLogin(callback)).accessToken.length > 0, 'the right one still works')
  })
  test('flow: who refuses is heard', async (is) => {
    const signedOut = await client(place.loginFlow())
    const state = (await signedOut.startLogin()).searchParams.get('state')
    const refused = `http://127.0.0.1:5555/callback?error=access_denied&state=${state}`
    await is.rejects(signedOut.finishLogin(refused), { code: 'ACCESS_DENIED' })
  })
  test('flow: refresh tokens rotate over HTTP', async (is) => {
    const signedIn = await person()
    const seen = new Set([await signedIn.getToken()])
    for (let round = 0; round < 2; round++) seen.add(await signedIn.getToken({ force: true }))
    is.same(seen.size, 3, 'tokens')
  })
  test('flow: refreshToken starts from a token had elsewhere', async (is) => {
    const platform = await place.outside()
    const signedIn = imskit.createClient({ flow: place.loginFlow(), ...platform })
    await signedIn.finishLogin(await place.browse(await signedIn.startLogin()))
    const [key] = await platform.store.keys('imskit/tokens/')
    const { refreshToken } = await platform.store.get(key)
    const elsewhere = await client(imskit.refreshToken({ clientId: setting.person.clientId, refreshToken }))
    is.same(imskit.getTokenData(await elsewhere.getToken()).client_id, setting.person.clientId, 'client_id')
  })
  test('flow: service token', async (is) => {
    const token = await (await client(imskit.serviceToken(setting.service))).getToken()
    is.same(imskit.getTokenData(token).client_id, setting.service.clientId, 'client_id')
  })
  test('flow: cluster exchange to another organization', async (is) => {
    const userToken = await (await person()).getToken()
    const { clientId } = setting.person
    const [, { id: orgId }] = setting.users[0].organizations
    const token = await (await client(imskit.clusterExchange({ clientId, userToken, orgId }))).getToken()
    is.true(imskit.getTokenData(token).user_id !== imskit.getTokenData(userToken).user_id, 'it is another profile')
  })
  test('flow: on behalf of the user whose token an API received', async (is) => {
    const userToken = await (await person()).getToken()
    const { clientId, clientSecret } = setting.service
    const resource = ['https://one.example/', 'https://two.example/']
    const flow = imskit.onBehalfOf({ clientId, clientSecret, userToken, scopes: ['openid', 'AdobeID'], resource })
    const claims = imskit.getTokenData(await (await client(flow)).getToken())
    is.same(claims.user_id, imskit.getTokenData(userToken).user_id, 'user')
    is.same([claims.client_id, claims.act.client_id], [clientId, clientId], 'client and actor')
    const sent = (await place.requests()).filter(({ path }) => path === '/ims/token/v4').at(-1)
    is.same(sent.params.resource, resource, 'resource')
  })
  test('flow: on behalf of nobody else: the token of a service and a wrong secret are refused', async (is) => {
    const { clientId, clientSecret } = setting.service
    const scopes = ['openid']
    const service = await (await client(imskit.serviceToken(setting.service))).getToken()
    const machine = await client(imskit.onBehalfOf({ clientId, clientSecret, userToken: service, scopes }))
    await is.rejects(machine.getToken(), { code: 'HTTP_ERROR', imsError: 'invalid_token' })
    const userToken = await (await person()).getToken()
    const wrong = await client(imskit.onBehalfOf({ clientId, clientSecret: 'wrong', userToken, scopes }))
    await is.rejects(wrong.getToken(), { code: 'HTTP_ERROR', imsError: 'invalid_client' })
  })
  test('flow: resource names the API in every request', async (is) => {
    const resource = 'https://api.example/'
    const signedIn = await client(place.loginFlow({ resource }))
    const url = await signedIn.startLogin()
    is.same(url.searchParams.getAll('resource'), [resource], 'authorization request')
    await signedIn.finishLogin(await place.browse(url))
    await signedIn.getToken({ force: true })
    const sent = (await place.requests()).filter(({ params }) => params.resource === resource)
    is.same(
      sent.slice(-3).map(({ params }) => params.grant_type),
      [undefined, 'authorization_code', 'refresh_token'],
      'requests',
    )
  })
  test('flow: a login that starts at a page to sign up or at a provider', async (is) => {
    for (const deepLink of [imskit.signUp, imskit.socialLogin('google')]) {
      const signedOut = await client(place.loginFlow())
      const url = await signedOut.startLogin(deepLink)
      is.same(url.searchParams.get('idp_flow'), deepLink.parameters.idp_flow, 'idp_flow')
      const { accessToken } = await signedOut.finishLogin(await place.browse(url))
      is.true(accessToken.length > 0, 'the login is finished')
    }
  })
  test('flow: logout ends the tokens at IMS and here', async (is) => {
    const signedIn = await person()
    const token = await signedIn.getToken()
    const url = await signedIn.logout({ postLogoutRedirectUri: 'http://127.0.0.1:5555/' })
    is.same(url.pathname, '/ims/logout/v1', 'path')
    await is.rejects(signedIn.getToken(), { code: 'LOGIN_REQUIRED' })
    is.same((await place.ims().validateToken(token, setting.person.clientId)).valid, false, 'valid')
  })
  test('flow: client.fetch brings token and api key, and only to allowed origins (S88)', async (is) => {
    const allowed = await client(place.serverFlow(), { allowedOrigins: [setting.ims] })
    const response = await allowed.fetch(`${setting.ims}/api/echo`)
    is.same(response.status, 200, 'status')
    is.same((await response.json()).client_id, setting.server.clientId, 'client_id')
    const plain = await client(place.serverFlow())
    const error = await is.rejects(plain.fetch(`${setting.ims}/api/echo`), { code: 'BAD_OPTION' })
    is.true(imskit.isImsError(error), 'it is ours')
  })
}
