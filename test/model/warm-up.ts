import { createClient } from '../../src/core/client.ts'
import { memoryPlatform } from '../../src/core/memory.ts'
import type { Fetch } from '../../src/core/ports.ts'
import { flowOf, redirectUri } from './flow.ts'
import type { Plan } from './plan.ts'

const answer: Fetch = async () =>
  Response.json({ access_token: 'token', refresh_token: 'again', token_type: 'bearer', expires_in: 3600 })

let done: Promise<void> | undefined

/** Loads what the library loads when it is first used: that takes real time, and no run may wait for it. */
export function warmUp(): Promise<void> {
  done ??= loadAll()
  return done
}

async function loadAll(): Promise<void> {
  for (const flow of ['login', 'refreshToken', 'clientCredentials'] satisfies Plan['flow'][]) {
    const options = { flow: flowOf({ flow }, 'first'), endpoint: 'https://ims.example', fetch: answer }
    const client = createClient({ ...options, ...memoryPlatform() })
    if ('startLogin' in client) {
      const state = (await client.startLogin()).searchParams.get('state')
      await client.finishLogin(`${redirectUri}?code=code&state=${state}`)
    }
    await client.getToken({ force: true })
    await client.invalidate()
    if ('logout' in client) await client.logout()
    client.close()
  }
}
