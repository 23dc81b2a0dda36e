import { invalidating } from '../flows/invalidating.ts'
import type { Call } from '../ims/call.ts'
import { claimsOf } from '../ims/decode-token.ts'
import type { InvalidatedType } from '../ims/endpoints/invalidate-token.ts'
import { isClientRefused } from '../ims/refusal.ts'
import { parseSecrets } from './context-kind.ts'
import type { ContextData, TokenLabel } from './contexts.ts'
import { readStored } from './tokens-in-context.ts'

/** Ends a context's token as the client that it was issued to, with the secrets of a rotation one after the other. */
export async function endToken(call: Call, kind: TokenLabel, data: ContextData): Promise<void> {
  const { token } = readStored(data[kind], undefined) ?? { token: '' }
  const claims = claimsOf(token)
  const clientId = claims?.client_id ?? (typeof data.client_id === 'string' ? data.client_id : undefined)
  const secrets = clientId === data.client_id ? secretsOf(data) : []
  // no client to ask as: what is here can still be forgotten
  if (clientId === undefined) return
  let tried = 0
  const invalidate = invalidating(clientId, () => secrets[tried])
  for (; ; tried++) {
    try {
      await invalidate(call, (claims?.type ?? kind) as InvalidatedType, token)
      return
    } catch (error) {
      if (!isClientRefused(error) || tried + 1 >= secrets.length) throw error
    }
  }
}

function secretsOf({ client_secret: one, client_secrets: several }: ContextData): string[] {
  const secrets = typeof one === 'string' && one !== '' ? [one] : parseSecrets(several)
  return secrets.filter((secret): secret is string => typeof secret === 'string' && secret !== '')
}
