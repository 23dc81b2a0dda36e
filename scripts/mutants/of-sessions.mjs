// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code
import { area } from './area.mjs'

/** The unit tests of `core/session/session.ts` and of `core/session/note.ts`, which are split by topic. */
const ofSession = ['session', 'session-refresh', 'session-validity', 'session-failures', 'session-forget'].map(
  (name) => `test/core/session/${name}.test.ts`,
)
const ofNotes = ['test/core/session/note.test.ts', 'test/core/session/note-sign-out.test.ts']

/** In the code that renews, stores and forgets tokens. */
export const mutants = [
  ...area(
    'session',
    [...ofSession, 'test/core/client.test.ts', 'test/core/session/with-lock.test.ts'],
    'core/session/session.ts',
    [
      ['current', 'signal?.throwIfAborted()\n    checkValidity', 'checkValidity'],
      ['current', 'checkValidity(minValidity)\n    const', 'const'],
      ['current', 'known, began, behind', 'known, began: state.generation, behind'],
      ['forgetTokens', 'state.signingOut = ', 'const unused = '],
      ['flight', 'const under = flights.get(name)', 'const under = undefined as SharedFlight<Tokens> | undefined'],
      ['flight', 'if (flights.get(name) === started) flights.delete(name)', ''],
    ],
  ),
  ...area(
    'session',
    [...ofSession, 'test/core/client.test.ts', 'test/core/session/with-lock.test.ts'],
    'core/session/successor.ts',
    [['carried', 'const same = answer.refreshToken === undefined || ', 'const same = ']],
  ),
  ...area(
    'kept tokens',
    [...ofSession, 'test/core/client.test.ts', 'test/core/session/token-cache.test.ts'],
    'core/session/token-cache.ts',
    [
      ['marginOf', '(expiresAt - obtainedAt) / 2', 'expiresAt - obtainedAt'],
      ['load', 'cache.seen = stored', ''],
      ['later', '(other.obtainedAt ?? 0) > (one.obtainedAt ?? 0) ? other : one', 'one'],
    ],
  ),
  ...area(
    'locked',
    [...ofSession, 'test/core/memory.test.ts', 'test/core/client.test.ts', 'test/core/session/with-lock.test.ts'],
    'core/session/with-lock.ts',
    [['isMediumFailure', "!isImsError(error) || error.name === 'UnavailableError'", 'true']],
  ),
  ...area(
    'locked',
    [...ofSession, 'test/core/memory.test.ts', 'test/core/client.test.ts', 'test/core/session/with-lock.test.ts'],
    'core/session/single-flight.ts',
    [
      ['sharedFlight', 'if (waiting === 0 && signal?.aborted) abort', 'if (signal?.aborted) abort'],
      ['sharedFlight', 'if (waiting === 0 && signal?.aborted) abort(signal.reason)', ''],
      ['sharedFlight', 'work(control.signal).finally(landed)', 'work(control.signal)'],
    ],
  ),
  ...area(
    'renewal',
    ['test/core/session/successor.test.ts', ...ofNotes, 'test/core/session/renewal.test.ts', ...ofSession],
    'core/session/renewal.ts',
    [
      ['renewUnderLock', 'await state.signingOut', ''],
      ['renewOnce', 'force || behind || began !== state.generation ? undefined : valid', 'valid'],
      ['renewOnce', 'final || fallback === undefined', 'fallback === undefined'],
      ['renewOnce', 'state.pausedUntil = monotonic(state.setup.connection.clock) + failurePause', ''],
      ['renewUnderLock', 'usable ? lockWaitWithToken : longestWait(setup.platform.lock.lease)', 'lockWaitWithToken'],
      [
        'renewUnderLock',
        'usable ? lockWaitWithToken : longestWait(setup.platform.lock.lease)',
        'longestWait(setup.platform.lock.lease)',
      ],
      ['withoutLock', '|| setup.flow.refresh !== undefined', ''],
      ['renewHeld', "if (errand.began !== state.generation) return { status: 'lost' }", ''],
      [
        'renewHeld',
        'if (isRefusal(error)) state.refusal = { error, until: monotonic(state.setup.connection.clock) + failurePause }',
        '',
      ],
    ],
  ),
  ...area(
    'renewal',
    ['test/core/session/successor.test.ts', ...ofNotes, 'test/core/session/renewal.test.ts', ...ofSession],
    'core/session/refresh.ts',
    [
      ['redeemable', "if (reading.status === 'unknown')", 'if (false as boolean)'],
      ['redeemable', '|| refreshExpiresAt <= connection.clock.now()', ''],
      ['redeemable', 'if (cache.refused === fingerprint(reading.tokens)) return undefined', ''],
      ['redeemOnce', 'if (redemption.answerLost) await setup.connection.clock.sleep(rereadDelay)', ''],
      ['redeemOnce', 'if (!isStillStored(now, token)) return undefined', ''],
    ],
  ),
  ...area(
    'redemption',
    ['test/core/session/redemption.test.ts', ...ofNotes, 'test/core/session/renewal.test.ts', ...ofSession],
    'core/session/redemption.ts',
    [
      ['redeem', '&& found.by !== hold.id', ''],
      ['redeem', "|| (first && earlier?.ended === 'redeemed')", ''],
      ['redeem', 'earlier !== undefined && !over', 'earlier !== undefined && false'],
      ['redeem', 'await writeNote(setup, note)', ''],
      ['redeem', 'earlier !== undefined || attempts.sent > 1', 'attempts.sent > 1'],
      ['redeem', "await closeNote(setup, hold, { note, ended: 'over' })", ''],
      ['isOver', 'uncertain.watched >= renewalLimit', 'true'],
      ['isOver', 'if (note.ended !== undefined) return true', ''],
      ['before', 'if (!held) throw lost', ''],
      ['before', '!isStillStored(reading, token) || ', ''],
    ],
  ),
  ...area('redemption', [...ofNotes], 'core/session/redemption.ts', [
    ['watchOutcome', 'watched += step', 'watched = watching.watched += step'],
    ['redeem', 'if (!held) return lost', ''],
  ]),
  ...area('successor', [...ofNotes], 'core/session/successor.ts', [
    ['storeSuccessor', 'if (!first) cache.refused = over', ''],
  ]),
  ...area('crossed', [...ofNotes], 'core/session/store-login.ts', [
    ['restoreCrossed', 'note?.of === replaced', 'note === note'],
    ['restoreCrossed', 'found !== fingerprint(tokens)', 'found === undefined'],
  ]),
  ...area('session', [...ofSession, 'test/core/client.test.ts'], 'core/session/store-login.ts', [
    ['storeLogin', 'state.refusal = undefined', ''],
  ]),
  ...area('redemption', ['test/core/session/successor.test.ts', ...ofNotes], 'core/session/timely.ts', [
    ['timely', 'if (elapsed() < outdated || looks === 3) return found', 'return found'],
  ]),
  ...area('redemption', [...ofNotes], 'core/session/redemption.ts', [
    ['redeem', 'await timely(setup, async () => {', 'await (async (work: () => Promise<any>) => work())(async () => {'],
  ]),
  ...area('redemption', ['test/core/session/successor.test.ts'], 'core/session/refresh.ts', [
    ['redeemOnce', 'const now = await readAgain(state)', 'const now = await load(setup, state.cache)'],
  ]),
  ...area('redemption', ['test/core/session/redemption.test.ts'], 'core/session/redemption.ts', [
    ['before', ' || (seen !== undefined && fingerprint(seen) !== fingerprint(token.entry))', ''],
    ['callFor', 'Math.min(call.timeout, attemptLimit)', 'call.timeout'],
    ['before', '!fits(0)', 'false'],
  ]),
  ...area(
    'successor',
    ['test/core/session/successor.test.ts', ...ofNotes, 'test/core/session/renewal.test.ts', ...ofSession],
    'core/session/successor.ts',
    [
      ['storeSuccessor', "state.signedOutAt > errand.began || (now.status === 'empty' && !first)", 'false'],
      ['storeSuccessor', 'if (stored === false) return undefined', ''],
      ['storeSuccessor', 'await save(setup, cache, change)', ''],
      ['storeSuccessor', '{ ...carried(entry, answered.answer), ...answered.answer }', 'answered.answer'],
      [
        'storeSuccessor',
        '{ ...carried(entry, answered.answer), ...answered.answer }',
        '{ ...answered.answer, ...carried(entry, answered.answer) }',
      ],
      ['readUntilKnown', "if (reading.status !== 'unknown') return reading", 'return reading'],
      [
        'saveWithPatience',
        'if (await save(setup, cache, change)) return',
        'if ((await save(setup, cache, change)) || true) return',
      ],
      [
        'revoke',
        "if (refreshToken !== undefined) await flow.invalidate(await call(), 'refresh_token', refreshToken)",
        '',
      ],
      ['dropRefreshToken', 'cache.refused = fingerprint(entry)', ''],
      ['dropRefreshToken', 'if (began !== state.generation) return undefined', ''],
    ],
  ),
  ...area('notes', [...ofNotes, 'test/core/session/renewal.test.ts', ...ofSession], 'core/session/note.ts', [
    ['closeNote', 'held && found?.by', 'found?.by'],
    [
      'writeNote',
      'lasting ? undefined : connection.clock.now() + noteLifetime',
      'connection.clock.now() + noteLifetime',
    ],
  ]),
  ...area('notes', [...ofNotes, ...ofSession], 'core/session/refresh-renewal.ts', [
    ['removeNote', 'if (isContinued(setup.flow)) return', ''],
  ]),
  ...area(
    'state of a session',
    [...ofNotes, 'test/core/session/renewal.test.ts', ...ofSession],
    'core/session/state.ts',
    [
      ['serves', '!errand.force || tokens.accessToken !== errand.known?.accessToken', 'true'],
      ['throwIfRefused', 'refusal !== undefined', 'false as boolean'],
      ['signOut', 'state.signedOutAt = state.generation', ''],
      ['isPaused', 'monotonic(setup.connection.clock) < pausedUntil', 'false'],
    ],
  ),
  ...area('session', [...ofSession, 'test/core/client.test.ts'], 'core/session/session.ts', [
    ['current', '|| (isPaused(state) && isUnexpired(setup, known))', ''],
    ['current', 'force || !usable', '!usable'],
    ['current', 'if (began !== state.generation) return known', ''],
    ['renewBehind', '|| monotonic(connection.clock) < state.behindAfter', ''],
    ['forget', 'if (isRenewed(setup.flow)) await setup.flow.renewal.forget?.(setup)', ''],
    [
      'forget',
      'cache.unsaved = undefined',
      '',
      'memory is empty by then, so the next look at the store drops what was not saved as well',
    ],
    ['flight', '${errand.force} ${errand.minValidity}', '${errand.force}'],
  ]),
  ...area('session', [...ofSession], 'core/session/state.ts', [
    [
      'listen',
      'if (key !== undefined && key !== (await tokenKey())) return',
      '',
      'another tab has to hear of it: test/browser/tabs.test.ts',
    ],
  ]),
  ...area(
    'token cache',
    ['test/core/session/token-cache.test.ts', 'test/core/session/renewal.test.ts', ...ofSession],
    'core/session/token-cache.ts',
    [
      ['isFresh', 'tokens.expiresAt - (minValidity ?? marginOf(setup, tokens)) > setup.connection.clock.now()', 'true'],
      ['isUnexpired', '&& (tokens.obtainedAt ?? 0) <= now + clockSlack', ''],
      ['renewalMargin', 'marginOf(setup, tokens) * (1 + renewalShare)', 'marginOf(setup, tokens)'],
      ['unlessReplaced', 'if (same && cache.memory !== undefined) return cache.memory', ''],
      ['save', 'cache.unsaved = { over }', ''],
      ['warmTokens', '&& now >= cache.warmFrom', ''],
    ],
  ),
  ...area(
    'waiting for a lock',
    ['test/core/session/renewal.test.ts', ...ofSession, 'test/core/session/with-lock.test.ts'],
    'core/session/with-lock.ts',
    [
      [
        'withLock',
        'if (work === undefined && leaving.signal.aborted) return Promise.reject(leaving.signal.reason)',
        '',
      ],
      ['withLock', 'work ??= task(hold ?? unknownHold)', 'work = task(hold ?? unknownHold)'],
      ['lookWhileWaiting', 'void look()', ''],
      ['outcomeOf', 'within(setup, granted, signOutWait)', 'granted'],
    ],
  ),
]
