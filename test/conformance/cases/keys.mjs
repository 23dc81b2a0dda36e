export function keys(test, { imskit, setting }, place) {
  const exchange = async (privateKey, passphrase) => {
    const flow = imskit.jwtBearer({ ...setting.jwt, privateKey, ...(passphrase && { passphrase }) })
    return imskit.createClient({ flow, ...(await place.outside()) }).getToken()
  }
  const { keys: given } = setting
  const good = {
    'escaped line ends': () => given.pkcs8.replaceAll('\n', '\\n'),
    'carriage returns': () => given.pkcs8.replaceAll('\n', '\r\n'),
    'an array of lines': () => given.pkcs8.trim().split('\n'),
    'JSON text of lines': () => JSON.stringify(given.pkcs8.trim().split('\n')),
    'a JWK': () => given.jwk,
    'a CryptoKey': () =>
      crypto.subtle.importKey('jwk', given.jwk, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']),
  }
  for (const [format, make] of Object.entries(good)) {
    test(`key: ${format}`, async (is) => {
      const token = await exchange(await make())
      is.same(imskit.getTokenData(token).client_id, setting.jwt.clientId, 'client_id')
    })
  }
  test(
    'key: the legacy encrypted form',
    async (is) => {
      const token = await exchange(given.legacy, given.passphrase)
      is.same(imskit.getTokenData(token).client_id, setting.jwt.clientId, 'client_id')
    },
    'legacyKeys',
  )
  test('key: a wrong passphrase', async (is) => {
    const error = await is.rejects(exchange(given.encrypted, 'wrong-passphrase'), { code: 'INVALID_KEY' })
    is.true(!error.message.includes('wrong-passphrase'), 'it is not in the message')
  })
  test('key: no passphrase', async (is) => {
    await is.rejects(exchange(given.encrypted), { code: 'INVALID_KEY', name: 'ConfigurationError' })
  })
  test('key: a damaged one shows nothing of itself', async (is) => {
    const lines = given.pkcs8.trim().split('\n')
    const damaged = lines.toSpliced(2, 1).join('\n')
    const error = await is.rejects(exchange(damaged), { code: 'INVALID_KEY' })
    is.true(!lines.slice(1, -1).some((line) => `${error.message}${error.cause}`.includes(line)), 'no line of it')
  })
}
