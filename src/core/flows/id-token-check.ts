import type { IdTokenCheck } from '../ims/oauth.ts'
import { late } from '../lazy.ts'

const loadCheck = /* @__PURE__ */ late(() => import('../verify/id-token-signature.ts'))

/** Checks the signature of an id token against IMS's keys. A value, as most logins do without it and its code. */
export const idTokenSignature: IdTokenCheck = async (...check) => (await loadCheck()).checkIdTokenSignature(...check)
