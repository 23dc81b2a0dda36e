/** What `client.fetch` does when an API redirects: the Fetch standard's rules, and nothing of the caller's elsewhere. */
export function redirects(test, { imskit, setting }, place) {
  const { api, stranger } = setting
  let calls = 0

  /** Calls the API at an address that redirects along `ways`; each is `[status, origin]`. */
  async function call(ways, init, more) {
    const name = `call-${++calls}-`
    const last = ways.length === 0 ? api : ways.at(-1)[1]
    let to = `${last}/${name}/end`
    for (const [index, [status]] of [...ways.entries()].reverse()) {
      const origin = index === 0 ? api : ways[index - 1][1]
      to = `${origin}/${name}/${index}?${new URLSearchParams({ status, to })}`
    }
    const client = imskit.createClient({
      flow: place.serverFlow(),
      ...(await place.outside()),
      allowedOrigins: [api],
      ...more,
    })
    const token = await client.getToken()
    const response = await client.fetch(to, typeof init === 'function' ? init(to) : init)
    return { response, token, arrived: await place.arrived(name) }
  }
  const identifying = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key', 'x-gw-ims-org-id']
  const shown = ({ headers }) => identifying.filter((name) => headers[name] !== undefined)

  for (const status of [301, 302, 303, 307, 308]) {
    test(`redirect: ${status} within an origin is followed with the token`, async (is) => {
      const { response, token, arrived } = await call([[status, api]])
      is.same([response.status, response.redirected, await response.text()], [200, true, 'the end'], 'answer')
      is.true(response.url.endsWith('/end'), 'its address is the last one')
      is.same(
        arrived.map(({ headers }) => headers.authorization),
        [`Bearer ${token}`, `Bearer ${token}`],
        'authorization',
      )
    })
    test(`redirect: ${status} to another origin goes without the token (S88)`, async (is) => {
      const { response, arrived } = await call([[status, stranger]])
      is.same([response.status, await response.text()], [200, 'the end'], 'answer')
      is.same(
        arrived.map(({ origin, headers }) => [origin, 'authorization' in headers]),
        [
          [api, true],
          [stranger, false],
        ],
        'calls',
      )
    })
    test(
      `redirect: ${status} to another origin goes without anything that identifies the caller`,
      async (is) => {
        const headers = { cookie: 'a=b', 'proxy-authorization': 'Basic eA==', 'x-api-key': 'own' }
        const { arrived } = await call([[status, stranger]], { headers }, { allowedOrigins: [api, stranger] })
        is.true(shown(arrived[0]).includes('x-gw-ims-org-id'), 'the API is told')
        is.same(shown(arrived[1]), [], 'what the other origin gets')
      },
      'followByHand',
    )
  }
  test('redirect: back at the origin the token does not come again', async (is) => {
    const { arrived } = await call([
      [302, stranger],
      [302, api],
    ])
    is.same(
      arrived.map(({ origin, headers }) => [origin, 'authorization' in headers]),
      [
        [api, true],
        [stranger, false],
        [api, false],
      ],
      'calls',
    )
  })
  for (const [status, method, becomes] of [
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [302, 'PUT', 'PUT'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ]) {
    test(`redirect: ${status} makes of ${method} a ${becomes}`, async (is) => {
      const body = method === 'HEAD' ? undefined : '{"a":1}'
      const { response, arrived } = await call([[status, api]], {
        method,
        ...(body && { body, headers: { 'content-type': 'application/json' } }),
      })
      is.same(response.status, 200, 'status')
      const [, second] = arrived
      const kept = becomes === method && body !== undefined
      is.same([second.method, second.body], [becomes, kept ? body : ''], 'second call')
      is.same(second.headers['content-type'], kept ? 'application/json' : undefined, 'content-type')
    })
  }
  test('redirect: twenty are followed, more reject', async (is) => {
    const twenty = await call(Array.from({ length: 20 }, () => [302, api]))
    is.same([twenty.response.status, twenty.arrived.length], [200, 21], 'after twenty')
    const client = imskit.createClient({
      flow: place.serverFlow(),
      ...(await place.outside()),
      allowedOrigins: [api],
    })
    await is.rejects(client.fetch(`${api}/loop-${++calls}-?to=self`), { name: 'TypeError' })
    is.same((await place.arrived(`loop-${calls}-`)).length, 21, 'calls')
  })
  test('redirect: one that the caller refuses rejects', async (is) => {
    await is.rejects(call([[302, api]], { redirect: 'error' }), { name: 'TypeError' })
    const { response } = await call([], { redirect: 'error' })
    is.same(response.status, 200, 'status without a redirect')
  })
  test('redirect: one that the caller wants to see is not followed', async (is) => {
    const { response, arrived } = await call([[302, stranger]], { redirect: 'manual' })
    is.true(response.status === 302 || response.type === 'opaqueredirect', 'it is the redirect')
    is.same(arrived.length, 1, 'calls')
  })
  test(
    'redirect: 307 with a body that is gone is the answer',
    async (is) => {
      const body = new Blob(['once']).stream()
      const { response, arrived } = await call([[307, api]], { method: 'POST', body, duplex: 'half' })
      is.same([response.status, response.headers.has('location')], [307, true], 'answer')
      is.same([arrived.length, arrived[0].body], [1, 'once'], 'calls')
    },
    'followByHand',
  )
  test('redirect: no other scheme and no credentials in the address (S32, S88)', async (is) => {
    for (const to of ['ftp://127.0.0.1/', 'data:text/plain,x', `${stranger.replace('//', '//u:p@')}/call-never`]) {
      const client = imskit.createClient({
        flow: place.serverFlow(),
        ...(await place.outside()),
        allowedOrigins: [api],
      })
      await is.rejects(client.fetch(`${api}/?${new URLSearchParams({ to })}`), { name: 'TypeError' })
    }
    is.same(
      (await place.arrived('/call-never')).filter(({ origin }) => origin === stranger),
      [],
      'calls',
    )
  })
}
