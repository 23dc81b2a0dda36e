export function compat(test, { imskit, setting }, place) {
  const kinds = imskit.jwtKind ? [imskit.serverToServerKind, imskit.jwtKind] : undefined
  const make = async () => imskit.createIms({ ...(await place.outside()), ...(kinds && { kinds }) })
  const { oauth_server_to_server: server, jwt } = setting.contexts

  test('compat: context.set, get and keys', async (is) => {
    const { context } = await make()
    await context.set('one', server)
    await context.set('two', jwt)
    is.same((await context.get('one')).data, server, 'data')
    is.same((await context.get('nothing')).data, undefined, 'data of an unknown one')
    is.same((await context.keys()).sort(), ['one', 'two'], 'keys')
  })
  test('compat: the current context', async (is) => {
    const { context } = await make()
    await context.set('one', server)
    await context.setCurrent('one')
    is.same(await context.getCurrent(), 'one', 'current')
    is.same((await context.get()).name, 'one', 'name without a name')
  })
  test('compat: set without a name and a current context', async (is) => {
    const { context } = await make()
    await is.rejects(context.set(undefined, { a: 1 }), { code: 'MISSING_CONTEXT_LABEL' })
  })
  test('compat: data that is no object', async (is) => {
    const { context } = await make()
    await is.rejects(context.set('bad', 'text'), { code: 'INVALID_CONTEXT_DATA' })
  })
  test('compat: getToken of a context that is not there', async (is) => {
    await is.rejects((await make()).getToken('nothing'), { code: 'CONTEXT_NOT_CONFIGURED', name: 'ConfigurationError' })
  })
  test('compat: getToken of a context that fits no kind', async (is) => {
    const { context, getToken } = await make()
    await context.set('odd', { client_id: 'c' })
    await is.rejects(getToken('odd'), { code: 'CANNOT_GENERATE_TOKEN' })
  })
  test('compat: getToken for server to server, kept until it is invalidated', async (is) => {
    const { context, getToken, invalidateToken } = await make()
    await context.set('machine', server)
    const token = await getToken('machine')
    is.same(imskit.getTokenData(token).client_id, server.client_id, 'client_id')
    is.same(await getToken('machine'), token, 'token')
    await invalidateToken('machine')
    is.true((await getToken('machine')) !== token, 'the next is another')
  })
  test('compat: getToken for jwt', async (is) => {
    const { context, getToken } = await make()
    await context.set('jwt', jwt)
    is.same(imskit.getTokenData(await getToken('jwt')).client_id, jwt.client_id, 'client_id')
  })
  test('compat: invalidateToken without a token', async (is) => {
    const { context, invalidateToken } = await make()
    await context.set('machine', server)
    await is.rejects(invalidateToken('machine'), { code: 'INVALID_TOKEN', name: 'TokenError' })
  })
  test('compat: getTokenData of what is no JWT', async (is) => {
    for (const text of ['', 'text', 'a.b.c', 'e30.bm8.x']) {
      await is.rejects((async () => imskit.getTokenData(text))(), { code: 'BAD_TOKEN', name: 'TokenError' })
    }
  })
  test('compat: secrets do not show (S92)', async (is) => {
    const { context } = await make()
    await context.set('machine', server)
    const got = await context.get('machine')
    is.same(got.data.client_secrets, server.client_secrets, 'secrets for the program')
    is.true(!String(got).includes(server.client_secrets[0]), 'none as text')
  })

  const token = async (scopes = ['openid']) => {
    const { clientId, clientSecret, orgId } = setting.server
    return place.ims().getAccessTokenByClientCredentials(clientId, clientSecret[0], orgId, scopes)
  }
  test('Ims: getAccessTokenByClientCredentials in the old shape', async (is) => {
    const { access_token, payload } = await token()
    is.same(typeof access_token.token, 'string', 'type')
    is.true(access_token.expiry > Date.now(), 'expiry is in ms since the epoch')
    is.same(payload.token_type, 'bearer', 'token_type')
  })
  test('Ims: exchangeJwtToken of an assertion signed here', async (is) => {
    const assertion = await imskit.signAssertion({
      ...setting.jwt,
      privateKey: setting.keys.pkcs8,
      endpoint: setting.ims,
    })
    const { clientId, clientSecret } = setting.jwt
    const { access_token } = await place.ims().exchangeJwtToken(clientId, clientSecret, assertion)
    is.same(imskit.getTokenData(access_token.token).client_id, clientId, 'client_id')
  })
  test('Ims: validateToken, and after invalidateToken', async (is) => {
    const ims = place.ims()
    const { access_token } = await token()
    const { clientId, clientSecret } = setting.server
    is.same((await ims.validateToken(access_token.token, clientId)).valid, true, 'valid')
    await ims.invalidateToken(access_token.token, clientId, clientSecret[0])
    is.same((await ims.validateToken(access_token.token, clientId)).valid, false, 'valid')
  })
  test('Ims: validateTokenAllowList', async (is) => {
    const { access_token } = await token()
    const allowed = (list) => place.ims().validateTokenAllowList(access_token.token, list)
    is.same((await allowed([setting.server.clientId])).valid, true, 'valid')
    is.same((await allowed(['another'])).valid, false, 'valid for another')
  })
  test('Ims: a bad token is invalid, with the reason', async (is) => {
    const result = await place.ims().validateToken('not-a-token', setting.server.clientId)
    is.same(result.valid, false, 'valid')
    is.true(typeof result.reason === 'string', 'there is a reason')
  })
  test(
    'Ims: ValidationCache asks once for many',
    async (is) => {
      const cache = new imskit.ValidationCache(60_000, 10, 10)
      const { access_token } = await token()
      let sent = 0
      const ims = place.ims({
        cache,
        fetch: (url, init) => {
          sent++
          return fetch(url, init)
        },
      })
      const ask = () => ims.validateToken(access_token.token, setting.server.clientId)
      const all = await Promise.all([ask(), ask(), ask()])
      is.same(
        [...all, await ask()].map(({ valid }) => valid),
        [true, true, true, true],
        'valid',
      )
      is.same(sent, 1, 'requests')
    },
    'sharing',
  )
  test('Ims: profile, user info and organizations of a person', async (is) => {
    const client = imskit.createClient({ flow: place.loginFlow(), ...(await place.outside()) })
    const signedIn = await client.finishLogin(await place.browse(await client.startLogin()))
    const ims = place.ims()
    is.same((await ims.getProfile(signedIn.accessToken)).email, 'user@example.com', 'email')
    is.same((await ims.getUserInfo(signedIn.accessToken)).sub, signedIn.claims.sub, 'sub')
    is.same(
      (await ims.getOrganizations(signedIn.accessToken)).length,
      setting.users[0].organizations.length,
      'organizations',
    )
  })
  const productsOfUser = async () => {
    const scopes = ['openid', 'AdobeID', 'additional_info.projectedProductContext']
    const client = imskit.createClient({ flow: place.loginFlow({ scopes }), ...(await place.outside()) })
    const { accessToken } = await client.finishLogin(await place.browse(await client.startLogin()))
    return place.ims().getProductContexts(accessToken)
  }
  test('Ims: products of a user, with their data as JSON', async (is) => {
    const [platform] = await productsOfUser()
    is.same([platform.serviceCode, platform.fulfillableData], ['dma_tartan', { region: 'VA7' }], 'data')
  })
  const unzips = async (is) => {
    const [, aem] = await productsOfUser()
    is.same([aem.serviceCode, aem.fulfillableData], ['dma_aem_cloud', { iid: 'p12345-e67890' }], 'data')
  }
  test('Ims: products of a user, with their data as gzipped JSON', unzips, 'gunzip')
  test('Ims: profile and organizations of any user, for a service', async (is) => {
    const client = imskit.createClient({ flow: place.loginFlow(), ...(await place.outside()) })
    const { claims } = await client.finishLogin(await place.browse(await client.startLogin()))
    const service = imskit.createClient({ flow: imskit.serviceToken(setting.service), ...(await place.outside()) })
    const token = await service.getToken()
    const request = { userId: claims.sub, clientId: setting.service.clientId }
    is.same((await place.ims().getAdminProfile(token, request)).email, 'user@example.com', 'email')
    const organizations = await place.ims().getAdminOrganizations(token, request)
    is.same(organizations.length, setting.users[0].organizations.length, 'organizations')
    const url = place.ims().getAvatarUrl(claims.sub, { size: 'small' })
    is.same(new URL(url).pathname, `/ims/avatar/download/${claims.sub}`, 'picture')
  })
  test('Ims: keys and discovery', async (is) => {
    is.true((await place.ims().getKeys()).keys.length > 0, 'there are keys')
    is.true((await place.ims().getOpenIdConfiguration()).jwks_uri.endsWith('/ims/keys'), 'they are named')
  })
  test('Ims: the addresses of sign-in and sign-out', async (is) => {
    const ims = new imskit.Ims('stage')
    const url = new URL(ims.getSusiUrl('c', 'openid', 'https://app.example/', 's'))
    is.same(url.origin, 'https://ims-na1-stg1.adobelogin.com', 'origin')
    is.same([url.searchParams.get('client_id'), url.searchParams.get('state')], ['c', 's'], 'parameters')
    is.same(new URL(ims.getLogoutUrl({ clientId: 'c' })).pathname, '/ims/logout/v1', 'path')
  })
}
