import { late } from '../lazy.ts'

/** Signing and key formats: loaded when the first assertion is signed, as most never sign one. */
export const signing = /* @__PURE__ */ late(() => import('./assertion.ts'))
