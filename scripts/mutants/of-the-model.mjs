import { area } from './area.mjs'

const one = (file, row) => area('model', ['test/model/model.test.ts'], file, [row])

/** The faults that the model of sessions is there to find: each row takes one protection out. */
export const mutants = [
  // a lock that fails is passed by
  ...one('core/session/renewal.ts', ['withoutLock', '|| setup.flow.refresh !== undefined', '']),
  // nothing is asked before an attempt: a lock that was taken over, a token that was redeemed elsewhere
  ...one('core/ims/http.ts', ['send', 'await call.attempts?.before()', '']),
  // a store that cannot be written is noticed after the redemption only
  ...one('core/session/redemption.ts', [
    'redeem',
    'await writeNote(setup, note)',
    'await writeNote(setup, note).catch(() => {})',
  ]),
  // a store that cannot be read counts as empty
  ...one('core/session/token-cache.ts', ['load', "return { status: 'unknown', error }", "return { status: 'empty' }"]),
  // a process that stood still throws away the answer in its socket
  ...one('core/time.ts', [
    'fireAfter',
    'if (elapsed() >= ms + lateness) cancel = fireAfter(clock, grace, fire)\n    else if (turns-- > 0) cancel = setAlarm(clock, 0, next)\n    else fire()',
    'fire()',
  ]),
  // a page that releases the lock and acquires it again counts as one holder
  ...one('adapters/browser/storage/lock-web.ts', [
    'holderOf',
    "return [client, ...holdings.map(({ name }) => name).sort()].join(' ')",
    'return client',
  ]),
  // a page that takes longer than the lease counts as frozen
  ...one('adapters/browser/storage/lock-web.ts', [
    'watchHolder',
    'if (alive !== undefined && before?.includes(alive)) silent = 0',
    '',
  ]),
]
