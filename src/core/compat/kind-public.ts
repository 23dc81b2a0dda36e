import { codeFlow } from '../flows/authorization-code.ts'
import { type ContextKind, list, redirectUriOf, text } from './context-kind.ts'

/** Single-page and native apps: a login with PKCE and no secret. */
export const publicKind: ContextKind = {
  type: 'oauth_public',
  required: { client_id: 'text', scope: 'list' },
  optional: { redirect_uri: 'address' },
  secret: false,
  flow: (data) => {
    const redirectUri = redirectUriOf(data)
    return codeFlow({
      clientId: text(data, 'client_id'),
      scopes: list(data, 'scope'),
      ...(redirectUri !== undefined && { redirectUri }),
    })
  },
}
