import { afterAll, beforeAll } from 'vitest'
import { Ims, type ImsOptions } from '../../../src/core/index.ts'
import { scriptedServer } from '../scripted-server.ts'

export const day = 86_400_000
export const secret = 'p@ss word/+&=é-canary'
export const noWait = { baseDelay: 0, retries: 0 }
export const good = { access_token: 'opaque-token', token_type: 'bearer', expires_in: 3600 }

export let server: Awaited<ReturnType<typeof scriptedServer>>
export let attacker: Awaited<ReturnType<typeof scriptedServer>>
beforeAll(async () => {
  server = await scriptedServer()
  attacker = await scriptedServer()
})
afterAll(async () => {
  await server.close()
  await attacker.close()
})

export const imsAt = (options: ImsOptions = {}) => new Ims({ endpoint: server.url, retry: noWait, ...options })
export const ask = (ims = imsAt()) =>
  ims.getAccessTokenByClientCredentials('client', secret, 'org@AdobeOrg', ['a', 'b'])
