import * as oauth from 'oauth4webapi'
import { send, toResponse } from './call.ts'
import { isLoopback } from './environment.ts'
import type { IdTokenCheck } from './oauth.ts'

/** Checks the signature of an id token against IMS's keys. A value, as most logins do without it and its code. */
export const idTokenSignature: IdTokenCheck = (call, as, response) =>
  oauth.validateApplicationLevelSignature(as, response, {
    [oauth.customFetch]: async (url, { method, headers }) =>
      toResponse({ url, method }, await send(call, { url, method, headers })),
    [oauth.allowInsecureRequests]: isLoopback(new URL(call.endpoint)),
  })
