import { compat } from './cases/compat.mjs'
import { contracts } from './cases/contracts.mjs'
import { emulator } from './cases/emulator.mjs'
import { errors } from './cases/errors.mjs'
import { flows } from './cases/flows.mjs'
import { keys } from './cases/keys.mjs'
import { openIdProvider } from './cases/openid-provider.mjs'
import { redirects } from './cases/redirects.mjs'
import { sessions } from './cases/sessions.mjs'
import { verification } from './cases/verification.mjs'
import { createPlace } from './place.mjs'

/**
 * What imskit promises, in any runtime. `test(name, run, need)` is the runner's: `run` is given a check that counts,
 * `need` names what a platform may be unable to do.
 *
 * `target`: `imskit` (the entry that the runtime's conditions give, with `imskit/core` beside it), `testing`, `emulator`
 * (modules), `adapter` (the entry, the file it is and should be, names it has or has not), `platform()` (a new place
 * each time), `makeStore()`, `makeLock()`, `makeRedirect(visit)` and `comeBack(callback)` for the contracts, `setting`
 * (addresses, contexts and keys, as data) and `cannot` (by need, the reason).
 */
export function conformance(test, target) {
  const place = createPlace(target)
  for (const cases of [
    sessions,
    flows,
    compat,
    errors,
    keys,
    verification,
    redirects,
    contracts,
    emulator,
    openIdProvider,
  ]) {
    cases(test, target, place)
  }
}
