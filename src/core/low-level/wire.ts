// what the low-level API asks IMS with, loaded when it first does
import type { Call, ImsRequest } from '../ims/call.ts'
import { send } from '../ims/http.ts'
import type { Untyped } from './untyped.ts'

export { invalidateAtIms } from '../ims/invalidation.ts'
export { exchangeToken } from './exchange-token.ts'
export { bodyOf } from './request-body.ts'
export * from './token-grants.ts'
export { validateAtIms } from './validate-at-ims.ts'

/** Sends `request`; resolves to the JSON of the answer, or its text where it is none. */
export async function sendForJson(call: Call, request: ImsRequest): Promise<Untyped> {
  const { text } = await send(call, request)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
