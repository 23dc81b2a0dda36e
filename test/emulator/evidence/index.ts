import { admin } from './admin.ts'
import { authorize } from './authorize.ts'
import { authorizeErrors } from './authorize-errors.ts'
import { code } from './code.ts'
import { codeErrors } from './code-errors.ts'
import { discovery } from './discovery.ts'
import { elsewhere } from './elsewhere.ts'
import { exchange } from './exchange.ts'
import { exchangeJwt } from './exchange-jwt.ts'
import { headers } from './headers.ts'
import { logout } from './logout.ts'
import { machine } from './machine.ts'
import { notEmulated } from './not-emulated.ts'
import { ofUser } from './of-user.ts'
import { refreshing } from './refresh.ts'
import { revoke } from './revoke.ts'
import type { Section } from './row.ts'
import { tokenFormat } from './token-format.ts'
import { validate } from './validate.ts'

/** The table: what IMS answers to what, and who says so. */
export const evidence: readonly Section[] = [
  discovery,
  authorize,
  authorizeErrors,
  code,
  codeErrors,
  refreshing,
  machine,
  exchange,
  exchangeJwt,
  tokenFormat,
  validate,
  revoke,
  logout,
  ofUser,
  admin,
  headers,
  notEmulated,
  elsewhere,
]
