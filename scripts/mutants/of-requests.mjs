// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code
import { area } from './area.mjs'

/** In the code that sends, follows and verifies. */
export const mutants = [
  ...area(
    'verification',
    ['test/core/verify/claims-fault.test.ts', 'test/core/verify/verify-token.test.ts'],
    'core/verify/claims-fault.ts',
    [
      ['claimsFault', "if (claims.type !== 'access_token') return 'type'", ''],
      ['claimsFault', "if (times.until + tolerance <= now) return 'expired'", ''],
      ['claimsFault', 'if (times.until + tolerance <= now)', 'if (times.until <= now)'],
      ['claimsFault', "if (times.from - tolerance > now) return 'not_yet_valid'", ''],
      ['isIssuedBy', 'named === issuer', '`${named}`.startsWith(issuer)'],
      ['validityOf', 'Math.max(created ?? 0, iat ?? 0, nbf ?? 0)', 'Math.max(created ?? 0, nbf ?? 0)'],
      ['validityOf', 'exp ?? none)', 'none)'],
      ['claimsFault', 'if (clientId !== undefined && claims.client_id !== clientId)', 'if (false)'],
      ['claimsFault', '!(claims.client_id && allowList.includes(claims.client_id))', 'allowList.length === 0'],
      [
        'claimsFault',
        'scopes.every((scope) => granted.includes(scope))',
        'scopes.some((scope) => granted.includes(scope))',
      ],
      ['checkVerifyOptions', "requireTexts('allowList', allowList)", ''],
      ['checkVerifyOptions', 'clockTolerance <= 300_000) return', 'clockTolerance <= 3_000_000) return'],
    ],
  ),
  ...area(
    'verification',
    ['test/core/verify/compact-token.test.ts', 'test/core/verify/verify-token.test.ts'],
    'core/verify/compact-token.ts',
    [
      ['parseCompact', 'token.length > longestToken || ', ''],
      ['parseCompact', ' || !threeParts.test(token)', ''],
      ['parseCompact', '.every(isCanonical) ?', '.length > 0 ?'],
      ['objectIn', ' || hasRepeatedName(text, value)', ''],
      ['hasRepeatedName', 'countColons(text) === names', 'countColons(text) >= names'],
    ],
  ),
  ...area('verification', ['test/core/base64url.test.ts'], 'core/base64url.ts', [
    ['decodeText', 'return decodeURIComponent(escaped)', 'return escaped'],
    ['decodeText', '[%\\x80-\\xff]', '[\\x80-\\xff]'],
    ['binaryOf', "text.includes('+') || ", ''],
    ['binaryOf', " || text.includes('/')", ''],
  ]),
  ...area(
    'verification',
    [
      'test/core/verify/verify-token.test.ts',
      'test/core/verify/published-keys.test.ts',
      'test/core/verify/claims-fault.test.ts',
      'test/core/verify/compact-token.test.ts',
    ],
    'core/verify/verify-token.ts',
    [
      ['createVerifier', 'await proof', ''],
      ['keyIdOf', "if (header.alg !== 'RS256')", 'if (false)'],
      ['keyIdOf', 'foreignParameters.some((name) => name in header)', 'false'],
      [
        'createVerifier',
        'claimsFault(claims, options, call.clock.now())',
        'claimsFault(claims, options, call.clock.now() + call.skew.ms)',
      ],
      [
        'requireSignature',
        'if (proven !== undefined && (await isSignedBy(proven, token))) return',
        'if (proven !== undefined) return',
      ],
      ['requireSignature', "if (!(await keys.renew())) throw invalid('signature')", "throw invalid('signature')"],
      ['requireSignature', "if (!(await isFirstSignedBy(renewed, token))) throw invalid('signature')", ''],
    ],
  ),
  ...area('verification', ['test/core/verify/claims-fault.test.ts'], 'core/low-level/ims-connection.ts', [
    ['', 'checkVerifyOptions(options)', ''],
  ]),
  ...area('verification', ['test/core/low-level/validation-cache.test.ts'], 'core/low-level/validation-cache.ts', [
    ['isSame', ' || one[at] !== other[at]', ''],
    ['isSame', ' || one.length !== other.length', ''],
    ['restOf', 'Array.isArray(param) ? [...param] : param', 'param'],
  ]),
  ...area('verification', ['test/core/keys/known-keys.test.ts'], 'core/keys/known-keys.ts', [
    ['readKnownKey', "|| openKeySource(source).kind === 'text'", ''],
    ['textOf', '${passphrase.length} ${passphrase}', ''],
    ['readKnownKey', 'if (known.size >= maxKeys) known.clear()', ''],
  ]),
  ...area('verification', ['test/core/verify/published-keys.test.ts'], 'core/verify/published-keys.ts', [
    ['publishedKeys', 'current(state)?.proven.get(header)', 'current(state)?.proven.values().next().value'],
    ['', 'const coolDown = 30_000', 'const coolDown = 0'],
    ['publishedKeys', "renew: () => reloadFor(state, 'signature')", "renew: () => reloadFor(state, 'kid')"],
    ['current', 'isWithin(state, loaded.fetchedAt, lifetime) ? loaded', 'true ? loaded'],
    ['fetchKeys', 'if (order < state.newest) return', ''],
    ['isExponent', 'return value >= 3 && ', 'return '],
    ['isUsable', " && !('d' in entry)", ''],
    ['importKey', 'modulusLength >= 2_048 && modulusLength', 'modulusLength'],
    ['choose', 'return keys.length === 1 ? keys[0]', 'return keys.length > 0 ? keys[0]'],
    ['reloadFor', 'isWithin(state, failure.at, pauseAfterFailure)', 'false'],
  ]),
  ...area('requests and retry', ['test/core/ims/retry.test.ts', 'test/core/ims/http.test.ts'], 'core/ims/http.ts', [
    ['send', 'request.once ? 0 : call.retry.retries', 'call.retry.retries'],
    ['send', 'attempt > retries', 'attempt >= retries'],
    ['send', 'failure.retryAfter ?? backOff', 'backOff'],
    ['requestInit', "credentials: 'omit'", "credentials: 'include'"],
    ['attemptOnce', 'if (call.signal?.aborted) throw call.signal.reason', ''],
  ]),
  ...area('requests and retry', ['test/core/ims/server-clock.test.ts'], 'core/ims/server-clock.ts', [
    ['noteServerTime', 'Math.abs(skew) > maxHonestSkew ?', 'true ?'],
  ]),
  ...area(
    'requests and retry',
    ['test/core/ims/retry.test.ts', 'test/core/ims/http.test.ts'],
    'core/ims/response-error.ts',
    [['refusalFailure', 'retryable: isTransient(status)', 'retryable: true']],
  ),
  ...area(
    'requests and retry',
    ['test/core/ims/refusal.test.ts', 'test/core/ims/response-error.test.ts'],
    'core/ims/refused.ts',
    [['readRefusal', 'redactText(value.slice(0, 5_000), secrets)', 'value']],
  ),
  ...area('requests and retry', ['test/core/ims/retry.test.ts', 'test/core/ims/http.test.ts'], 'core/ims/retry.ts', [
    [
      'backOff',
      'Math.min(policy.maxDelay, policy.baseDelay * 2 ** (attempt - 1))',
      'policy.baseDelay * 2 ** (attempt - 1)',
    ],
  ]),
  ...area(
    'requests and retry',
    ['test/core/ims/retry.test.ts', 'test/core/ims/http.test.ts'],
    'core/ims/retry-after.ts',
    [
      ['transient', 'new Set([429, 500, 502, 503, 504])', 'new Set([500, 502, 503, 504])'],
      ['parseRetryAfter', 'return Number(header) * 1000', 'return Number(header)'],
      ['parseRetryAfter', 'Math.max(0, at - now)', 'at - now'],
    ],
  ),
  ...area('redirects', ['test/core/fetch/redirects.test.ts'], 'core/fetch/redirects.ts', [
    ['nextHop', 'if (turnsToGet) for (const name of ofBody) headers.delete(name)', ''],
    ['nextHop', 'if (url.origin !== hop.url.origin) for (const name of ofOrigin) headers.delete(name)', ''],
    ['nextHop', 'post && status < 303', 'status < 303'],
    ['nextHop', "if (hop.body === 'once' && !turnsToGet) return undefined", ''],
    ['targetOf', "&& from.protocol === 'http:'", ''],
    ['targetOf', "|| url.username !== '' || url.password !== ''", ''],
    ['targetOf', "if (url.hash === '') url.hash = from.hash", ''],
    ['ofOrigin', "'x-gw-ims-org-id'", "'x-another'"],
    ['ofOrigin', "'cookie'", "'x-another'"],
  ]),
  ...area(
    'redirects',
    ['test/core/fetch/redirects.test.ts', 'test/core/fetch.test.ts', 'test/core/fetch-origins.test.ts'],
    'core/fetch/authorized-fetch.ts',
    [
      ['follow', 'mayRenew = false', ''],
      ['follow', '&& gotToken(hop, response)', ''],
      ['follow', '++redirects > maxRedirects', '++redirects > 2 * maxRedirects'],
      ['follow', "redirect === 'error' && isRedirect(response.status)", 'false'],
      ['authorizedFetch', 'if (!options.allows(url))', 'if (false as boolean)'],
    ],
  ),
  ...area(
    'callbacks',
    ['test/core/login/callback.test.ts', 'test/core/login/finish.test.ts', 'test/core/login/login.test.ts'],
    'core/login/finish.ts',
    [
      ['takePending', 'if (pending.expiresAt <= setup.connection.clock.now())', 'if (false as boolean)'],
      ['takePending', 'checkPlace(pending, callback)', ''],
      ['takePending', 'await store.delete(name)', ''],
    ],
  ),
  ...area(
    'callbacks',
    ['test/core/login/landing.test.ts', 'test/core/login/login.test.ts', 'test/core/login/callback.test.ts'],
    'core/login/redirect-result.ts',
    [
      ['isElsewhere', 'if (known !== undefined) arrival.clear(url)', ''],
      ['redirectOutcome', "|| error.code === 'STATE_MISMATCH'", ''],
    ],
  ),
  ...area('callbacks', ['test/core/login/callback.test.ts'], 'core/login/pending.ts', [
    ['stateIn', 'state && more.length === 0 ? state : undefined', 'state || undefined'],
  ]),
]
