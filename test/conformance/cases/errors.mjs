export function errors(test, { imskit, setting }, place) {
  const { clientId, clientSecret, orgId } = setting.server
  const ask = (options, secret = clientSecret[0]) =>
    place.ims(options).getAccessTokenByClientCredentials(clientId, secret, orgId, ['openid'])
  const token = '/ims/token'

  test('error: class, code, status and the words of IMS', async (is) => {
    const error = await is.rejects(ask({}, 'wrong-secret-x'), { code: 'HTTP_ERROR', name: 'ImsResponseError' })
    is.same(error.imsError, 'invalid_client', 'imsError')
    is.true(error instanceof imskit.ImsError && error instanceof Error, 'it is an ImsError')
    is.true(imskit.isImsError(error) && !imskit.isImsError(new Error('x')), 'isImsError knows it')
    is.true(!`${error.message}${JSON.stringify(error)}${error.stack}`.includes('wrong-secret-x'), 'no secret in it')
  })
  test('error: isImsError knows those of another copy', async (is) => {
    class Copy extends Error {
      get [Symbol.for('imskit.error')]() {
        return true
      }
    }
    is.true(imskit.isImsError(new Copy()), 'another copy')
    is.true(!imskit.isImsError(undefined) && !imskit.isImsError('text'), 'nothing else')
  })
  test('error: an HTML body keeps its status', async (is) => {
    await place.fault({ path: token, status: 502, body: '<html>Bad Gateway</html>' })
    await is.rejects(ask(), { code: 'IMS_UNAVAILABLE', name: 'UnavailableError', status: 502 })
  })
  test('error: an HTML body with 200 is malformed', async (is) => {
    await place.fault({ path: token, status: 200, body: '<html>Hello</html>' })
    await is.rejects(ask(), { code: 'IMS_MALFORMED', status: 200 })
  })
  test('error: an empty body is malformed', async (is) => {
    await place.fault({ path: token, status: 200, body: '' })
    await is.rejects(ask(), { code: 'IMS_MALFORMED' })
  })
  test('error: half a body is malformed', async (is) => {
    await place.fault({ path: token, truncate: true })
    await is.rejects(ask(), { code: 'IMS_MALFORMED' })
  })
  test(
    'error: 429 with Retry-After says when',
    async (is) => {
      await place.fault({ path: token, status: 429, body: '', headers: { 'retry-after': '7' } })
      await is.rejects(ask(), { code: 'IMS_UNAVAILABLE', status: 429, retryAfter: 7000 })
    },
    'responseHeaders',
  )
  test(
    'error: the id of the request for Adobe’s support',
    async (is) => {
      const { requestId } = await is.rejects(ask({}, 'wrong'), { code: 'HTTP_ERROR' })
      is.true(/^[\w-]{36}$/.test(requestId), 'it is there')
    },
    'responseHeaders',
  )
  for (const status of [429, 500, 503]) {
    test(`retry: ${status} is tried again`, async (is) => {
      const began = (await place.requests()).length
      await place.fault({ path: token, status, body: '', times: 2 })
      const { access_token } = await ask({ retry: { retries: 3, baseDelay: 1 } })
      is.true(access_token.token.length > 0, 'a token came')
      const statuses = (await place.requests()).slice(began).filter(({ method }) => method === 'POST')
      is.same(
        statuses.map((request) => request.status),
        [status, status, 200],
        'statuses',
      )
    })
  }
  test('retry: a 400 is not tried again', async (is) => {
    const began = (await place.requests()).length
    await place.fault({ path: token, status: 400, body: { error: 'invalid_request' } })
    await is.rejects(ask({ retry: { retries: 3, baseDelay: 1 } }), { code: 'HTTP_ERROR', status: 400 })
    const posts = (await place.requests()).slice(began).filter(({ method }) => method === 'POST')
    is.same(posts.length, 1, 'requests')
  })
  test('retry: a dropped connection is tried again', async (is) => {
    await place.fault({ path: token, drop: 'before' })
    const { access_token } = await ask({ retry: { retries: 2, baseDelay: 1 } })
    is.true(access_token.token.length > 0, 'a token came')
  })
  test('retry: a code is sent once (S43)', async (is) => {
    const client = imskit.createClient({
      flow: place.loginFlow(),
      ...(await place.outside()),
      retry: { retries: 3, baseDelay: 1 },
    })
    const callback = await place.browse(await client.startLogin())
    const began = (await place.requests()).length
    await place.fault({ path: token, status: 503, body: '' })
    await is.rejects(client.finishLogin(callback), { code: 'IMS_UNAVAILABLE' })
    const posts = (await place.requests()).slice(began).filter(({ method }) => method === 'POST')
    is.same(posts.length, 1, 'requests')
  })
  test('error: nobody listens', async (is) => {
    const error = await is.rejects(ask({ endpoint: 'http://127.0.0.1:1' }), { code: 'NETWORK_FAILED' })
    is.same(error.name, 'UnavailableError', 'name')
  })
  test('error: an answer that does not come', async (is) => {
    await place.fault({ path: token, delay: 1500 })
    await is.rejects(ask({ timeout: 100 }), { code: 'TIMEOUT', name: 'UnavailableError' })
  })
  test('error: a redirect of the token endpoint is not followed (S33)', async (is) => {
    const began = (await place.requests()).length
    await place.fault({
      path: token,
      status: 307,
      body: '',
      headers: { location: `${setting.ims}/ims/token/v3?again` },
    })
    const error = await is.rejects(ask())
    is.true(imskit.isImsError(error), 'it is ours')
    const posts = (await place.requests()).slice(began).filter(({ method }) => method === 'POST')
    is.same(posts.length, 1, 'requests')
  })
  const refused = {
    'an endpoint without TLS': { endpoint: 'http://ims.example' },
    'an endpoint that is none': { endpoint: 'ims' },
    'another environment': { env: 'moon' },
    'a timeout of nothing': { timeout: 0 },
    'retries that are no number': { retry: { retries: 'many' } },
  }
  for (const [what, options] of Object.entries(refused)) {
    test(`bad input: ${what}`, async (is) => {
      await is.rejects((async () => new imskit.Ims(options))(), { code: 'BAD_OPTION', name: 'ConfigurationError' })
    })
  }
  test('bad input: no flow, no platform', async (is) => {
    const { store, lock } = imskit.memoryPlatform()
    await is.rejects((async () => imskit.createClient({ store, lock }))(), { code: 'BAD_OPTION' })
    await is.rejects((async () => imskit.createClient({ flow: place.serverFlow() }))(), { code: 'BAD_OPTION' })
  })
  test('bad input: a client without its id', async (is) => {
    const make = async () => imskit.clientCredentials({ clientSecret: 's', scopes: ['openid'] })
    const error = await is.rejects(make())
    is.true(imskit.isImsError(error) && error.name === 'ConfigurationError', 'it is a ConfigurationError')
  })
}
