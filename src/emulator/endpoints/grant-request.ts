import type { EmulatorCall } from '../http/call.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'

/** What a grant works on: a token request whose client is known. */
export interface GrantRequest {
  readonly call: EmulatorCall
  readonly client: RegisteredClient
  readonly provider: Provider
}
