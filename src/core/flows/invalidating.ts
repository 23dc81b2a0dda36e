import type { Call } from '../ims/call.ts'
import type { InvalidatedType } from '../ims/endpoints/invalidate-token.ts'
import { lazy } from '../lazy.ts'

const loadInvalidation = /* @__PURE__ */ lazy(() => import('../ims/invalidation.ts'))

/** How the client `clientId` invalidates its tokens: the `invalidate` of a flow. */
export function invalidating(clientId: string, clientSecret: () => string | undefined) {
  return async (call: Call, type: InvalidatedType, token: string): Promise<string> => {
    const { invalidateIfKnown } = await loadInvalidation()
    return invalidateIfKnown(call, { token, type, clientId, clientSecret: clientSecret() })
  }
}
