import { lazy } from '../lazy.ts'

/** Loads what signs assertions and exchanges them, at the first use. */
export const loadJwtGrant = /* @__PURE__ */ lazy(() => import('./jwt-grant.ts'))
