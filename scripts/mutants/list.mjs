// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code

/**
 * Small ways to break the code that must not break. Each names the text that it replaces, which is in one place of
 * `src` and nowhere else, wherever that file lies; `tests` are the quick ones of its area. One that no test can notice
 * says why in `survives`.
 */
const area = (name, tests, pairs) =>
  pairs.map(([find, replace, survives]) => ({ area: name, tests, find, replace, survives }))

const session = area(
  'session',
  ['test/core/session.test.ts', 'test/core/client.test.ts', 'test/core/small-parts.test.ts'],
  [
    ['signal?.throwIfAborted()\n    checkValidity', 'checkValidity'],
    ['checkValidity(minValidity)\n    const', 'const'],
    ['if (closed !== undefined) throw closed.reason\n    signal', 'signal'],
    ['const known = isFresh(held, minValidity) ? held : await load()', 'const known = await load()'],
    ['if (force || !isFresh(known, minValidity)) return', 'if (!isFresh(known, minValidity)) return'],
    ['if (force || !isFresh(known, minValidity)) return', 'if (force || known === undefined) return'],
    ['if (began !== generation) return known', ''],
    ['if (warm() === undefined) renewBehind(known)', ''],
    ['const under = flights.get(name)', 'const under = undefined as SharedFlight<Tokens> | undefined'],
    ['const name = `${generation} ${force} ${minValidity}`', 'const name = `${generation} ${force}`'],
    ['if (flights.get(name) === started) flights.delete(name)', ''],
    ['(!errand.force || found.accessToken !== errand.stale)', '!errand.force'],
    ['(!errand.force || found.accessToken !== errand.stale)', 'true'],
    ['if (began === generation) remember(tokens)\n    emit', 'remember(tokens)\n    emit'],
    ['!errand.force && old !== undefined && old.expiresAt > clock.now()', 'old !== undefined'],
    ['!(error instanceof UnavailableError) || !stillGood', '!stillGood'],
    ['if (refreshExpiresAt <= clock.now()) return undefined', ''],
    ['flow.refresh(await setup.call(), refreshToken)', 'flow.refresh(call, refreshToken)'],
    ['{ ...carried(held, answer), ...answer }', 'answer'],
    ['{ ...carried(held, answer), ...answer }', '{ ...answer, ...carried(held, answer) }'],
    ["!refused.has(error.imsError ?? '')", 'false'],
    ['winner?.accessToken !== held.accessToken && isFresh(winner, errand.minValidity)', 'false'],
    ['await dropRefreshToken(winner ?? held, errand)', ''],
    [
      'rest.expiresAt > clock.now() ? rest : undefined',
      'rest',
      'an expired token is never handed out; this only keeps the store tidy',
    ],
    ['if (began === generation) {\n      remember(tokens)', 'if (true) {\n      remember(tokens)'],
    ["await tell('token')", '', 'another tab has to hear of it: test/browser/tabs.test.ts'],
    ['|| clock.now() < behindAfter', ''],
    ['platform.waitUntil?.(work)', ''],
    ['await platform.store.delete(name)', ''],
    ["await tell('logout')", '', 'another tab has to hear of it: test/browser/tabs.test.ts'],
    ['const same = answer.refreshToken === undefined || ', 'const same = '],
  ],
)

const kept = area(
  'kept tokens',
  ['test/core/session.test.ts', 'test/core/client.test.ts', 'test/core/small-parts.test.ts'],
  [
    ['(expiresAt - obtainedAt) / 2', 'expiresAt - obtainedAt'],
    ['tokens.expiresAt - (minValidity ?? marginOf(tokens)) > clock.now()', 'tokens.expiresAt > clock.now()'],
    ['marginOf(tokens) * (1 + renewalShare)', 'marginOf(tokens)'],
    ['unsaved || unreadable ? later(memory, stored) : stored', 'stored'],
    ['unsaved || unreadable ? later(memory, stored) : stored', 'later(memory, stored)'],
    ['unsaved = true', ''],
    ['unreadable = true', ''],
    ['(other.obtainedAt ?? 0) > (one.obtainedAt ?? 0) ? other : one', 'one'],
  ],
)

const locked = area(
  'locked',
  [
    'test/core/session.test.ts',
    'test/core/memory.test.ts',
    'test/core/client.test.ts',
    'test/core/small-parts.test.ts',
  ],
  [
    ['if (result === undefined && (signal.aborted || !isMediumFailure(error))) throw error', ''],
    ['work ??= task()', 'work = task()'],
    ["!isImsError(error) || error.name === 'UnavailableError'", 'true'],
    ['if (waiting === 0 && signal?.aborted) abort', 'if (signal?.aborted) abort'],
    ['if (waiting === 0 && signal?.aborted) abort(signal.reason)', ''],
    ['work(control.signal).finally(landed)', 'work(control.signal)'],
  ],
)

const verification = area(
  'verification',
  ['test/core/verify-token.test.ts'],
  [
    ["if (claims.type !== 'access_token') return 'type'", ''],
    ["if (times.until + tolerance <= now) return 'expired'", ''],
    ['if (times.until + tolerance <= now)', 'if (times.until <= now)'],
    ["if (times.from - tolerance > now) return 'not_yet_valid'", ''],
    [
      'if (issuer !== undefined && issuerOf(claims) !== issuer)',
      'if (issuer !== undefined && !`${issuerOf(claims)}`.startsWith(issuer))',
    ],
    ['Math.max(created ?? 0, iat ?? 0, nbf ?? 0)', 'Math.max(created ?? 0, nbf ?? 0)'],
    ['exp ?? none)', 'none)'],
    ['if (clientId !== undefined && claims.client_id !== clientId)', 'if (false)'],
    ['!(claims.client_id && allowList.includes(claims.client_id))', 'allowList.length === 0'],
    ['scopes.every((scope) => granted.includes(scope))', 'scopes.some((scope) => granted.includes(scope))'],
    ['token.length > longestToken || ', ''],
    [' || !threeParts.test(token)', ''],
    ['.every(isCanonical) ?', '.length > 0 ?'],
    ['return hasRepeatedName(text, value) ?', 'return false ?'],
    ['fatal: true, ignoreBOM', 'ignoreBOM'],
    ['fatal: true, ignoreBOM: true', 'fatal: true'],
    ["if (header.alg !== 'RS256')", 'if (false)'],
    ['foreignParameters.some((name) => name in header)', 'false'],
    ["requireTexts('allowList', allowList)", ''],
    ['clockTolerance <= 300_000) return', 'clockTolerance <= 3_000_000) return'],
    ['current(state)?.proven.get(header)', 'current(state)?.proven.values().next().value'],
    ['const coolDown = 30_000', 'const coolDown = 0'],
    ['claimsFault(claims, options, call.clock.now())', 'claimsFault(claims, options, call.clock.now() + call.skew.ms)'],
    ['if (proven !== undefined && (await isSignedBy(proven, token))) return', 'if (proven !== undefined) return'],
    ["if (!(await keys.renew())) throw invalid('signature')", "throw invalid('signature')"],
    ["if (!(await isFirstSignedBy(renewed, token))) throw invalid('signature')", ''],
    ["renew: () => reloadFor(state, 'signature')", "renew: () => reloadFor(state, 'kid')"],
    ['isWithin(state, loaded.fetchedAt, lifetime) ? loaded', 'true ? loaded'],
    ['if (order < state.newest) return', ''],
    ['return value >= 3 && ', 'return '],
    [" && !('d' in entry)", ''],
    ['modulusLength >= 2_048 && modulusLength', 'modulusLength'],
    ['return keys.length === 1 ? keys[0]', 'return keys.length > 0 ? keys[0]'],
    ['isWithin(state, failure.at, pauseAfterFailure)', 'false'],
  ],
)

const requests = area(
  'requests and retry',
  ['test/core/retry.test.ts', 'test/core/http.test.ts'],
  [
    ['request.once ? 0 : call.retry.retries', 'call.retry.retries'],
    ['attempt <= retries && ', 'attempt < retries && '],
    [' && failure.details?.final !== true', ''],
    ['if (delay > call.retry.maxRetryAfter) throw failure', ''],
    ['failure.retryAfter ?? backOff', 'backOff'],
    ["redirect: 'manual',\n    cache", "redirect: 'follow',\n    cache"],
    ["credentials: 'omit'", "credentials: 'include'"],
    ['if (text.length > maxBody) {', 'if (false) {'],
    ['Math.abs(skew) > maxHonestSkew ?', 'true ?'],
    ['new Set([429, 500, 502, 503, 504])', 'new Set([500, 502, 503, 504])'],
    ['Math.min(policy.maxDelay, policy.baseDelay * 2 ** (attempt - 1))', 'policy.baseDelay * 2 ** (attempt - 1)'],
    ['return Number(header) * 1000', 'return Number(header)'],
    ['Math.max(0, at - now)', 'at - now'],
    ['if (call.signal?.aborted) throw call.signal.reason', ''],
    ['redactText(value.slice(0, 5_000), secretsOf(request))', 'value'],
  ],
)

const fileLock = area(
  'lock of files',
  ['test/node/lock-file.test.ts', 'test/core/small-parts.test.ts'],
  [
    ['if (now?.text !== holder.text || now.seen !== holder.seen) return', ''],
    ['const silent = !isNear(holder) && ', 'const silent = '],
    ['if (silent || isGone(holder)) {', 'if (silent) {'],
    ['if (silent || isGone(holder)) {', 'if (isGone(holder)) {'],
    ['if (waited >= wait) throw tooLong(waiting, nameOf(holder))', ''],
    ['if (lockText(path) === text) unlinkSync(path)', 'unlinkSync(path)'],
    ["(current !== undefined && start !== '' && current !== start)", 'false'],
    ['if (came && signal?.aborted) endTurn(name)', ''],
  ],
)

const cookies = area(
  'cookies and sessions',
  ['test/worker/bff-sealing.test.ts', 'test/worker/bff.test.ts'],
  [
    ["const prefix = '__Host-Http-'", "const prefix = ''"],
    ['Max-Age=${age}; HttpOnly; SameSite', 'Max-Age=${age}; SameSite'],
    ["secure ? '; Secure' : ''", "''"],
    ['if (count > mostParts) return false', ''],
    ['      clear(name, count)\n', ''],
    ['audience: name,', ''],
    ['`imskit/cookie/${purpose}`', '`imskit/cookie/`'],
    ['stale: index > 0', 'stale: false'],
    ['byteLength >= least', 'byteLength >= 1'],
    ['found.slice(most - 1)', 'found.slice(most)'],
    ['await spent.set(spentKey(await digest(key)), true as Json, opened.expiresAt)', ''],
    ["maxAge: expiresAt - clock.now(), sameSite: 'Lax'", "maxAge: expiresAt - clock.now(), sameSite: 'Strict'"],
    ['startedAt <= before', 'false'],
    ['if (content === undefined) cookies.clear(name)', ''],
    ['Math.min(expiresAt, until)', 'expiresAt'],
    ['await recent.set(key, value, clock.now() + settling)', ''],
    ['if (gone || (await setup.ended.isEnded(content).catch(() => false)))', 'if (gone)'],
    ['const over = session.content.startedAt + setup.maxAge <= setup.clock.now()', 'const over = false'],
    ['!(await setup.ended.isEnded(session.content))', 'true'],
  ],
)

export const mutants = [...session, ...kept, ...locked, ...verification, ...requests, ...fileLock, ...cookies]
