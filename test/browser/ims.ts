import { once } from 'node:events'
import { createServer } from 'node:net'
import { type EmulatorOptions, type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import type { AppConfig } from './fixtures/app.ts'

export const scopes = ['openid', 'AdobeID', 'offline_access']

/** An emulator and what an app must know to use it. */
export interface Ims extends RunningEmulator {
  readonly config: AppConfig
  /** How many token requests of this kind succeeded. */
  granted(grant: string): number
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** On 127.0.0.1, which is another site than the app's `localhost`, unless the same site is requested. */
export async function startIms(options: EmulatorOptions & { sameSite?: boolean } = {}): Promise<Ims> {
  const { sameSite = false, ...rest } = options
  const port = await freePort()
  const endpoint = `http://${sameSite ? 'localhost' : '127.0.0.1'}:${port}`
  const emulator = await startEmulator({
    ...rest,
    ...(sameSite && { host: 'localhost' }),
    port,
    endpoint,
  })
  return {
    ...emulator,
    config: { clientId: emulator.contexts.oauth_public.client_id, endpoint, issuers: [endpoint], scopes },
    granted: (grant) =>
      emulator.requests.filter(({ params, status }) => params.grant_type === grant && status === 200).length,
  }
}
