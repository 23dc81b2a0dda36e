import { createClient } from '../../../core/client.ts'
import { isImsError } from '../../../core/errors.ts'
import { operationId } from '../../../core/events.ts'
import { memoryPlatform } from '../../../core/memory.ts'
import type { HandlerSetup } from './auth-handler-options.ts'
import { rejectForged } from './csrf-responses.ts'
import type { HandlerRequest } from './handler-request.ts'
import { jsonResponse, methodNotAllowed, reject } from './responses.ts'
import { type OpenSession, readSession } from './session.ts'

/** `POST /auth/logout`: revokes the session and its tokens; returns the address that ends the IMS session too. */
export async function handleLogout(setup: HandlerSetup, received: HandlerRequest): Promise<Response> {
  const { request, url } = received
  if (request.method !== 'POST') return methodNotAllowed('POST')
  const session = await readSession(setup, received)
  const forged = rejectForged(received, session)
  if (forged !== undefined) return forged
  const everywhere = url.searchParams.get('everywhere') === 'true'
  if (everywhere && setup.store === undefined) {
    const message = 'Signing out everywhere needs a store that knows all sessions'
    return reject(400, { error: 'bad_request', message })
  }
  const postLogoutRedirectUri = url.origin + setup.afterLogout
  const logoutUrl =
    (session && (await signOut(setup, session, { everywhere, postLogoutRedirectUri }))) ??
    (await logoutUrlWithoutSession(setup, postLogoutRedirectUri))
  return jsonResponse({ logoutUrl: logoutUrl.href })
}

function logoutUrlWithoutSession({ flow, client }: HandlerSetup, postLogoutRedirectUri: string): Promise<URL> {
  return createClient({ ...client, flow, ...memoryPlatform() }).logout({ postLogoutRedirectUri })
}

/**
 * Clears the cookie and revokes the tokens as far as possible, whatever fails. Resolves to the address that ends the
 * user's IMS session, or to `undefined` if the session's client failed.
 */
async function signOut(
  setup: HandlerSetup,
  session: OpenSession,
  { everywhere, postLogoutRedirectUri }: { readonly everywhere: boolean; readonly postLogoutRedirectUri: string },
): Promise<URL | undefined> {
  const { content, client } = session
  const { revocations, clock, maxAge } = setup
  session.close()
  const operation = operationId()
  const report = (error: unknown) => {
    const known = isImsError(error) ? error : undefined
    const message = known?.message ?? 'unexpected'
    setup.client.onEvent?.({ operation, type: 'error', code: known?.code, message, during: 'signing out' })
    return undefined
  }
  // first, so that a renewal in progress cannot restore the session
  await revocations.revoke(content, content.startedAt + maxAge).catch(report)
  if (everywhere) await revocations.revokeAll(content, clock.now() + maxAge).catch(report)
  const address = await client.logout({ postLogoutRedirectUri }).catch(report)
  await session.updateCookie()
  return address
}
