import type { EmulatorCall } from '../http/call.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'

/** The input of a grant: a token request with its client. */
export interface GrantRequest {
  readonly call: EmulatorCall
  readonly client: RegisteredClient
  readonly provider: Provider
}
