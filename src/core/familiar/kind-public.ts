import { codeFlow } from '../flows/authorization-code.ts'
import { type ContextKind, list, text } from './context-kind.ts'

/** Single-page and native apps: a login with PKCE and no secret. */
export const publicKind: ContextKind = {
  type: 'oauth_public',
  required: { client_id: 'text', scope: 'list' },
  optional: { redirect_uri: 'text' },
  secret: false,
  flow: (data) =>
    codeFlow({
      clientId: text(data, 'client_id'),
      scopes: list(data, 'scope'),
      ...(data.redirect_uri && { redirectUri: text(data, 'redirect_uri') }),
    }),
}
