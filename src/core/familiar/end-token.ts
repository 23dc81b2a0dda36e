import { isImsError } from '../errors.ts'
import { claimsOf } from '../ims/decode-token.ts'
import type { ContextData, TokenLabel } from './contexts.ts'
import { parseSecrets } from './flow-from-context.ts'
import type { Ims } from './ims.ts'
import { readStored } from './tokens-in-context.ts'

/** Ends a context's token as the client that it was issued to, with the secrets of a rotation one after the other. */
export async function endToken(ims: Ims, kind: TokenLabel, data: ContextData): Promise<void> {
  const { token } = readStored(data[kind], undefined) ?? { token: '' }
  const clientId = claimsOf(token)?.client_id ?? (typeof data.client_id === 'string' ? data.client_id : undefined)
  const secrets = clientId === data.client_id ? secretsOf(data) : []
  for (let tried = 0; ; tried++) {
    try {
      await ims.invalidateToken(token, clientId, secrets[tried], kind)
      return
    } catch (error) {
      const rejected = isImsError(error) && 'imsError' in error && error.imsError === 'invalid_client'
      if (!rejected || tried + 1 >= secrets.length) throw error
    }
  }
}

function secretsOf({ client_secret: one, client_secrets: several }: ContextData): string[] {
  const secrets = typeof one === 'string' && one !== '' ? [one] : parseSecrets(several)
  return secrets.filter((secret): secret is string => typeof secret === 'string' && secret !== '')
}
