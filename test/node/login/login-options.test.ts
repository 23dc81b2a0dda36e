import { describe, expect, test } from 'vitest'
import { closeTrips, freePort, listenersOn, startTrip } from './kit/loopback.ts'

describe('the options of a login', () => {
  test('the option port overrides the variable', async () => {
    const { port, trip } = await startTrip()
    trip.close()
    expect((await startTrip({ env: { AIO_IMS_LOCAL_LOGIN_PORT: ` ${port} ` } })).port).toBe(port)
    await closeTrips()
    expect((await startTrip({ port, env: { AIO_IMS_LOCAL_LOGIN_PORT: 'ignored' } })).port).toBe(port)
    expect((await startTrip({ env: { AIO_IMS_LOCAL_LOGIN_PORT: '' } })).port).toBeGreaterThan(0)
  })

  test.each(['80a', '-1', '65536', '0x50', '1e3', '1.5'])('%s is not a port', async (port) => {
    const viaEnv = startTrip({ env: { AIO_IMS_LOCAL_LOGIN_PORT: port } })
    await expect(viaEnv).rejects.toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(port) })
  })

  test('an invalid option is named', async () => {
    await expect(startTrip({ port: 70_000 })).rejects.toMatchObject({ message: expect.stringContaining("'port'") })
    await expect(startTrip({ timeout: 0 })).rejects.toMatchObject({ message: expect.stringContaining("'timeout'") })
    await expect(startTrip({ timeout: Number.NaN })).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(startTrip({ path: 'callback' })).rejects.toMatchObject({ message: expect.stringContaining("'path'") })
    await expect(startTrip({ path: '/a?b' })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })

  test.each([{ CI: 'true' }, { GITHUB_ACTIONS: 'true' }, { BUILD_NUMBER: '12' }, { CONTINUOUS_INTEGRATION: '1' }])(
    'in CI (%o) the login is refused before it prints or listens',
    async (env) => {
      const port = await freePort()
      const lines: string[] = []
      const refused = startTrip({ env, port, output: (line) => lines.push(line) })
      const error = await refused.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'LOGIN_NOT_POSSIBLE' })
      expect(error).toMatchObject({ message: expect.stringContaining(Object.keys(env)[0] ?? '') })
      expect(lines).toEqual([])
      expect(await listenersOn(port)).toEqual([])
    },
  )

  test('isInteractive overrides the check for CI', async () => {
    await expect(startTrip({ isInteractive: false })).rejects.toMatchObject({ code: 'LOGIN_NOT_POSSIBLE' })
    await startTrip({ isInteractive: true, env: { CI: '1' } })
    await startTrip({ env: { CI: 'false', BUILD_NUMBER: '1' } })
  })
})
