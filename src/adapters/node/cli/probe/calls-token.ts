import { invalidateTokenPath } from '../../../../core/ims/endpoints/invalidate-token.ts'
import { revokePath } from '../../../../core/ims/endpoints/revoke.ts'
import { validateTokenPath } from '../../../../core/ims/endpoints/validate-token.ts'
import type { ProbeCall, ProbeProgress, ProbeRequest } from './call.ts'
import type { Credential } from './credential.ts'
import {
  answerMembers,
  emptyFacts,
  type Facts,
  type ProbeAnswer,
  type Show,
  tokenFacts,
  validityFacts,
} from './facts.ts'

/** Requests the token with `machine`, validates it and revokes it. */
export function tokenCalls(credential: Credential, machine: ProbeCall): ProbeCall[] {
  const { clientId = '' } = credential
  const validation = (name: string, about: string, change = (token: string) => token): ProbeCall => ({
    name,
    about: `POST ${validateTokenPath} for ${about}`,
    needsToken: true,
    request: ({ token = '' }) => ({
      path: validateTokenPath,
      form: { token: change(token), type: 'access_token', client_id: clientId },
    }),
    read: validityFacts,
  })
  return [
    {
      ...machine,
      read(answer, show, progress) {
        const token = issuedToken(answer)
        if (token !== undefined) progress.token = token
        return tokenFacts(answer, show, progress.keys)
      },
    },
    validation('validation', 'the token'),
    validation('altered token', 'the token with another signature', altered),
    {
      name: 'revocation',
      about: `POST ${revokePath} for the token`,
      needsToken: true,
      revokes: true,
      request: ({ token = '' }) => revocation(credential, token),
      read: readRevocation,
    },
    {
      name: 'invalidation',
      about: `POST ${invalidateTokenPath} for the token, if it could not be revoked`,
      needsToken: true,
      revokes: true,
      request: ({ token = '', revoked }) => (revoked === true ? undefined : invalidation(credential, token)),
      read: readRevocation,
    },
    validation('revoked token', 'the revoked token'),
  ]
}

function readRevocation(answer: ProbeAnswer, _: Show, progress: ProbeProgress): Facts {
  progress.revoked = answer.status === 200
  return emptyFacts(answer)
}

/** The access token of an answer, if it has one that can be sent again. */
export function issuedToken(answer: ProbeAnswer): string | undefined {
  const { access_token: token } = answerMembers(answer)
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined
}

/** The request that revokes a token of the client. */
export function revocation({ clientId = '', clientSecret }: Credential, token: string): ProbeRequest {
  if (clientSecret === undefined) return { path: revokePath, form: { client_id: clientId, token } }
  return { path: revokePath, headers: { authorization: basic(clientId, clientSecret) }, form: { token } }
}

/** Like {@link revocation}, with IMS's own endpoint. */
export function invalidation({ clientId = '', clientSecret }: Credential, token: string): ProbeRequest {
  const client = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) }
  const form = { token, token_type: 'access_token', ...client }
  return { path: invalidateTokenPath, headers: { 'x-ims-clientid': clientId }, form }
}

/** `jwt` with another signature of the same length. */
export function altered(jwt: string): string {
  const at = jwt.lastIndexOf('.') + 1
  return jwt.slice(0, at) + jwt.slice(at).replace(/^.{8}/, (start) => (start === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'))
}

/** RFC 6749, section 2.3.1. */
function basic(...halves: [id: string, secret: string]): string {
  const encoded = halves.map((half) => new URLSearchParams({ '': half }).toString().slice(1))
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
}
