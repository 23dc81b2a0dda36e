import type { Call } from '../ims/call.ts'
import type { Tokens } from '../ims/tokens.ts'
import { lazy } from '../lazy.ts'
import type { GenericGrantRequest } from './generic-grant.ts'

const loadGrant = /* @__PURE__ */ lazy(() => import('./generic-grant.ts'))

/** Loads what requests a token, at the first use, and requests one. */
export async function requestGrant(call: Call, request: GenericGrantRequest): Promise<Tokens> {
  const { genericGrant } = await loadGrant()
  return genericGrant(call, request)
}
