import { askingForUser } from '../ims/asking-for-user.ts'
import { lazy } from '../lazy.ts'
import type { Renewal } from './renewing.ts'

/** The `renewal` of a flow that obtains the token of a user: IMS may want that user to act first. */
export const userRenewal: Renewal = {
  load: /* @__PURE__ */ lazy(async () => ({ ...(await import('./renewal.ts')), meaning: askingForUser })),
}
