import type { RunningEmulator } from '../../src/emulator/index.ts'
import { post, publicCode } from './person.ts'

/** Requests to the resources of an emulator, and tokens for them. */
export function resourceCalls(emulator: () => RunningEmulator) {
  return {
    async get(path: string, token?: string, headers: Record<string, string> = {}) {
      const bearer: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const response = await fetch(emulator().url + path, { headers: { ...bearer, ...headers } })
      return { status: response.status, body: await response.json(), headers: response.headers }
    },
    async userToken(scope = emulator().contexts.oauth_public.scope) {
      const code = await publicCode(emulator(), { scope })
      const { body } = await post(`${emulator().url}/ims/token/v3`, { grant_type: 'authorization_code', ...code })
      return body.access_token as string
    },
  }
}
