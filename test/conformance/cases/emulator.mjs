export function emulator(test, { imskit, emulator: { createEmulator } }, place) {
  test('emulator: in process, a login from start to end', async (is) => {
    const { ims, on, grants } = await place.inside()
    const client = imskit.createClient({ flow: place.loginFlow(), ...on })
    const response = await ims.fetch(await client.startLogin(), { redirect: 'manual' })
    const { claims } = await client.finishLogin(response.headers.get('location'))
    is.same(claims.email, 'user@example.com', 'email')
    is.same(grants().filter(Boolean), ['authorization_code'], 'grants')
  })
  test('emulator: in process, what arrived has no secrets', async (is) => {
    const { ims, on } = await place.inside()
    await imskit.createClient({ flow: place.serverFlow(), ...on }).getToken()
    is.same(ims.requests.at(-1).params.client_secret, '[redacted]', 'client_secret')
  })
  test('emulator: in process, a fault is met and over', async (is) => {
    const { ims, on } = await place.inside()
    ims.fault({ path: '/ims/token', status: 500, body: 'no' })
    const client = imskit.createClient({ flow: place.serverFlow(), ...on })
    await is.rejects(client.getToken(), { code: 'IMS_UNAVAILABLE' })
    is.true((await client.getToken()).length > 0, 'the next is answered')
  })
  for (const kind of ['with', 'without'])
    test(`flow: a client ${kind} a secret ends its token where this runtime may ask`, async (is) => {
      const { ims, on } = await place.inside()
      const client = imskit.createClient({ flow: kind === 'with' ? place.serverFlow() : place.loginFlow(), ...on })
      if (kind === 'without') {
        const response = await ims.fetch(await client.startLogin(), { redirect: 'manual' })
        await client.finishLogin(response.headers.get('location'))
      }
      const token = await client.getToken()
      const before = ims.requests.length
      await client.invalidate()
      // a header of one's own costs a page a preflight
      const isPage = globalThis.document !== undefined
      const path = isPage || kind === 'without' ? '/ims/revoke' : '/ims/invalidate_token/v2'
      const asked = ims.requests.slice(before)
      is.true(
        asked.length > 0 && asked.every((request) => request.path === path),
        `asked ${asked.map((one) => one.path)}`,
      )
      const low = new imskit.Ims({ ...on })
      is.same((await low.validateToken(token)).valid, false, 'valid')
    })
  test('emulator: bad options', async (is) => {
    await is.rejects(createEmulator({ endpoint: 'none' }), { code: 'BAD_OPTION' })
    await is.rejects(createEmulator({ codeLifetime: 0 }), { code: 'BAD_OPTION' })
  })
}
