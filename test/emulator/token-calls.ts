import type { RunningEmulator } from '../../src/emulator/index.ts'
import { post, publicCode } from './person.ts'

/** The public client of an emulator, which obtains tokens of a user and validates them. */
export const client_id = 'emulator-public'

export function tokenCalls(emulator: () => RunningEmulator) {
  const call = (path: string, params: Record<string, string>, headers?: Record<string, string>) =>
    post(emulator().url + path, params, headers)
  return {
    call,
    async signedIn() {
      const code = await publicCode(emulator())
      const { body } = await call('/ims/token/v3', { grant_type: 'authorization_code', ...code })
      return body as { access_token: string; refresh_token: string }
    },
    validate: async (token: string, type = 'access_token', id = client_id) =>
      (await call('/ims/validate_token/v1', { token, type, client_id: id })).body,
  }
}
