import { type RegisteredClient, type RegisteredClientOptions, toClient } from './clients.ts'

/** Clients that registered themselves. */
export interface Registrations {
  add(options: RegisteredClientOptions): Promise<RegisteredClient>
}

const maxRegistered = 1_000

/** Adds clients to `clients`. If there are too many, it removes the oldest one that registered itself. */
export function createRegistrations(clients: Map<string, RegisteredClient>): Registrations {
  const registered = new Set<string>()
  return {
    async add(options) {
      const client = await toClient(options)
      clients.set(client.clientId, client)
      registered.add(client.clientId)
      const [oldest = ''] = registered
      if (registered.size > maxRegistered && registered.delete(oldest)) clients.delete(oldest)
      return client
    },
  }
}
