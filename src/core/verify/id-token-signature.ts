import * as oauth from 'oauth4webapi'
import { isLoopback } from '../ims/environment.ts'
import { send, toResponse } from '../ims/http.ts'
import type { IdTokenCheck } from '../ims/oauth.ts'
import { checkOptions } from '../options.ts'
import { objectIn, parseCompact } from './compact-token.ts'
import { invalid } from './invalid.ts'

/** Checks the signature of an id token against IMS's keys. */
export const checkIdTokenSignature: IdTokenCheck = async (call, as, answer) => {
  for (const part of [call, as, answer]) checkOptions('idTokenSignature, which is passed on as checkIdToken,', part)
  const { response, idToken } = answer
  if (idToken !== undefined && !hasOneSpelling(idToken)) throw invalid('malformed')
  await oauth.validateApplicationLevelSignature(as, response, {
    [oauth.customFetch]: async (url, { method, headers }) =>
      toResponse({ url, method }, await send(call, { url, method, headers })),
    [oauth.allowInsecureRequests]: isLoopback(new URL(call.endpoint).hostname),
  })
}

/** Whether every parser reads the same claims in `token`: strict base64url, and no name twice. */
function hasOneSpelling(token: unknown): boolean {
  const parts = parseCompact(token)
  return parts !== undefined && objectIn(parts.header) !== undefined && objectIn(parts.payload) !== undefined
}
