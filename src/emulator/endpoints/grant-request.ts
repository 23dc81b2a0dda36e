import type { Call } from '../http/call.ts'
import type { Provider } from '../provider.ts'
import type { Client } from '../registry/clients.ts'

/** What a grant works on: a token request whose client is known. */
export interface GrantRequest {
  readonly call: Call
  readonly client: Client
  readonly provider: Provider
}
