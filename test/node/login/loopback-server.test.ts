import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  authorizationUrl,
  callbackUrl,
  freePort,
  hasIpv6,
  isLinux,
  listenersOn,
  ownAddresses,
  sendRaw,
  startTrip,
  state,
} from './kit/loopback.ts'

describe('the listener of a login (S66, S67)', () => {
  test.skipIf(!isLinux)('uses the loopback addresses only, on one port, until the trip is closed', async () => {
    const { trip, port } = await startTrip()
    expect(trip.redirectUri).toBe(`http://127.0.0.1:${port}/callback`)
    expect(await listenersOn(port)).toEqual(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])
    for (const address of ownAddresses()) await expect(sendRaw(port, { address })).rejects.toThrow()
    trip.close()
    trip.close()
    expect(await listenersOn(port)).toEqual([])
  })

  test('answers requests to 127.0.0.1, localhost and [::1]', async () => {
    const { trip, port } = await startTrip()
    const arrived = trip.navigate(authorizationUrl)
    for (const host of [`LOCALHOST:${port}`, `[::1]:${port}`]) {
      expect(await sendRaw(port, { host, path: '/callback' })).toMatch(/^HTTP\/1.1 400/)
      expect(await sendRaw(port, { host, path: '/nothing' })).toMatch(/^HTTP\/1.1 404/)
    }
    await sendRaw(port, { host: `localhost:${port}`, path: `/callback?code=c&state=${state}` })
    expect((await arrived).href).toBe(`${trip.redirectUri}?code=c&state=${state}`)
  })

  test.each([
    ['localhost', 'http://localhost:'],
    ['::1', 'http://[::1]:'],
  ] as const)('host %s', async (host, start) => {
    if (host === '::1' && !hasIpv6) return
    const { trip, port } = await startTrip({ host, path: '/signed-in' })
    expect(trip.redirectUri).toBe(`${start}${port}/signed-in`)
    const arrived = trip.navigate(authorizationUrl)
    await fetch(callbackUrl(trip))
    expect((await arrived).href).toBe(callbackUrl(trip))
  })

  test('refuses any other host (S69)', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'evil.test']) {
      const refused = startTrip({ host: host as 'localhost' })
      await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('host') })
    }
  })

  test('has its own port for each login (S67)', async () => {
    const [one, two] = await Promise.all([startTrip(), startTrip()])
    expect(one.port).not.toBe(two.port)
  })

  test.each([['127.0.0.1'], ['::1']])('names a port that is in use on %s', async (address) => {
    if (address === '::1' && !hasIpv6) return
    const other = createServer().listen({ port: 0, host: address, ipv6Only: true })
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const busy = { name: 'ConfigurationError', code: 'BAD_OPTION', message: expect.stringContaining(`Port ${port}`) }
    await expect(startTrip({ port })).rejects.toMatchObject(busy)
    await expect(startTrip({ env: { AIO_IMS_LOCAL_LOGIN_PORT: String(port) } })).rejects.toMatchObject(busy)
    expect((await listenersOn(port)).filter((other) => other !== address)).toEqual([])
    other.close()
  })
})

describe('a listener on another address', () => {
  const [elsewhere] = ownAddresses()

  test.skipIf(elsewhere === undefined)(
    'accepts requests from other machines only if they name this machine',
    async () => {
      const port = await freePort()
      const { trip, lines } = await startTrip({ bind: '0.0.0.0', port })
      expect(trip.redirectUri).toBe(`http://127.0.0.1:${port}/callback`)
      const arrived = trip.navigate(authorizationUrl)
      expect(lines[0]).toMatch(
        new RegExp(`^Warning: .* port ${port} on 0\\.0\\.0\\.0\\..*-p 127\\.0\\.0\\.1:${port}:${port}`),
      )
      const good = `/callback?code=c&state=${state}`
      for (const host of [`${elsewhere}:${port}`, `0.0.0.0:${port}`, `evil.test:${port}`]) {
        expect(await sendRaw(port, { address: elsewhere ?? '', host, path: good })).toMatch(/^HTTP\/1.1 400/)
      }
      expect(await sendRaw(port, { address: elsewhere ?? '', path: '/callback?code=c&state=wrong' })).toMatch(
        /^HTTP\/1.1 400/,
      )
      // a request through a published port names the machine that published it
      expect(await sendRaw(port, { address: elsewhere ?? '', path: good })).toMatch(/^HTTP\/1.1 303/)
      expect(await sendRaw(port, { address: elsewhere ?? '', path: '/callback' })).toMatch(/^HTTP\/1.1 200/)
      expect((await arrived).href).toBe(`${trip.redirectUri}?code=c&state=${state}`)
      await trip.close()
      await expect(sendRaw(port, { address: elsewhere ?? '' })).rejects.toThrow()
    },
  )

  test('requires a port that the caller chose', async () => {
    const needsPort = { code: 'BAD_OPTION', message: expect.stringContaining("'port'") }
    for (const bind of ['0.0.0.0', '::', '192.0.2.1']) {
      await expect(startTrip({ bind })).rejects.toMatchObject(needsPort)
      await expect(startTrip({ bind, port: 0 })).rejects.toMatchObject(needsPort)
      await expect(startTrip({ bind, env: { AIO_IMS_LOCAL_LOGIN_PORT: '8085' } })).rejects.toMatchObject(needsPort)
    }
  })

  test('must be an address of this machine', async () => {
    const port = await freePort()
    for (const bind of ['evil.test', '', '0.0.0.0:80', '*']) {
      const refused = startTrip({ bind, port })
      await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining("'bind'") })
    }
    // an address for documentation (RFC 5737), which no machine has
    const absent = startTrip({ bind: '203.0.113.1', port })
    await expect(absent).rejects.toMatchObject({ message: expect.stringContaining('no address 203.0.113.1') })
  })

  test.skipIf(!isLinux).each(['127.0.0.1', 'localhost', '::1'])(
    'with bind %s, only this machine can reach it',
    async (bind) => {
      const { trip, port, lines } = await startTrip({ bind })
      expect(await listenersOn(port)).toEqual(hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'])
      const arrived = trip.navigate(authorizationUrl)
      await fetch(callbackUrl(trip))
      await arrived
      expect(lines.join()).not.toContain('Warning')
    },
  )
})
