// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code
import { area } from './area.mjs'

const ofBackend = [
  'cookie-encryption',
  'auth-handler',
  'cookies',
  'session',
  'session-content',
  'session-renewal',
  'auth-handler-login',
  'auth-handler-logout',
].map((name) => `test/worker/bff/${name}.test.ts`)

/** In the code of stores, locks and the backend. */
export const mutants = [
  ...area('lock of files', ['test/node/files/lock-hold.test.ts'], 'adapters/node/files/lock-hold.ts', [
    ['evict', 'if (now?.text !== holder.text || now.lastHeartbeat !== holder.lastHeartbeat) return', ''],
  ]),
  ...area(
    'lock of files',
    ['test/node/files/lock-queue.test.ts', 'test/node/files/lock-file.test.ts'],
    'adapters/node/files/lock-queue.ts',
    [['takeTurn', 'if (isMyTurn && signal?.aborted) endTurn(name)', '']],
  ),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/cookies.ts', [
    ['', "const prefix = '__Host-Http-'", "const prefix = ''"],
    ['requestCookies', 'Max-Age=${age}; HttpOnly; SameSite', 'Max-Age=${age}; SameSite'],
    ['requestCookies', "secure ? '; Secure' : ''", "''"],
    ['requestCookies', 'if (count > mostParts) return false', ''],
    ['requestCookies', '      clear(name, count)\n', ''],
  ]),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/cookie-encryption.ts', [
    ['cookieEncryption', 'audience: name,', ''],
    ['keyFinder', '`imskit/cookie/${purpose}`', '`imskit/cookie/`'],
    ['cookieEncryption', 'stale: index > 0', 'stale: false'],
    ['secretList', 'byteLength >= shortestSecret', 'byteLength >= 1'],
  ]),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/cookies-login.ts', [
    ['loginCookies', 'logins.slice(mostLogins - 1)', 'logins.slice(mostLogins)'],
    ['loginCookies', 'await finished.set(await finishedCookieKey(key), true, login.expiresAt)', ''],
    [
      'loginCookies',
      "maxAge: expiresAt - clock.now(), sameSite: 'Lax'",
      "maxAge: expiresAt - clock.now(), sameSite: 'Strict'",
    ],
  ]),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/session-revocations.ts', [
    ['sessionRevocations', 'startedAt <= before', 'false'],
  ]),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/session-content.ts', [
    ['readSessionCookie', 'cookies.clear(name)', ''],
  ]),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/session-tokens.ts', [
    ['sessionTokens', 'Math.min(expiresAt, state.until)', 'expiresAt'],
  ]),
  ...area('cookies and sessions', ofBackend, 'adapters/worker/bff/session.ts', [
    [
      'updateCookie',
      'if (signedOut || (await setup.revocations.isRevoked(content).catch(() => false)))',
      'if (signedOut)',
    ],
    [
      'currentSession',
      'const expired = session.content.startedAt + setup.maxAge <= setup.clock.now()',
      'const expired = false',
    ],
    ['currentSession', '!(await setup.revocations.isRevoked(session.content))', 'true'],
  ]),
  ...area('proxy', ['test/worker/bff/proxy.test.ts'], 'adapters/worker/bff/proxy-headers.ts', [
    ['pick', '&& !hopByHop.includes(name)', ''],
    ['pick', '(wanted.has(name) || families.test(name))', 'true'],
    ['responseHeaders', "headers.set('cache-control', 'no-store')", ''],
    ['responseHeaders', "headers.set('x-content-type-options', 'nosniff')", ''],
  ]),
  ...area('proxy', ['test/worker/bff/proxy.test.ts'], 'adapters/worker/bff/proxy-rules.ts', [
    ['isUnsafe', 'if (/%(?:25)*(?:2f|5c|00)/i.test(current)) return true', ''],
    ['pathBack', 'to.origin !== target.origin ||', ''],
    ['destinationOf', "if (isUnsafe(`/${rest}`)) return 'unsafe'", ''],
  ]),
  ...area(
    'KV',
    ['test/worker/kv/store-kv.test.ts', 'test/worker/kv/store-kv-eventual.test.ts'],
    'adapters/worker/kv/store-kv.ts',
    [
      ['readValue', 'hasLongName(kv, key) && entry?.key !== key ? undefined : entry?.value', 'entry?.value'],
      ['readEntry', 'entry !== undefined && isAlive(entry.expiresAt) ? entry : undefined', 'entry'],
      ['repeatIfTooSoon', 'writes >= mostWrites ||', ''],
      ['kvStore', "consistency: 'eventual',", ''],
      [
        'kvStore',
        'isAlive(expiresAt) ? writeValue(kv, key, { value, expiresAt }) : deleteValue(kv, key)',
        'writeValue(kv, key, { value, expiresAt })',
      ],
    ],
  ),
  ...area('KV', ['test/worker/kv/store-kv-eventual.test.ts'], 'core/session/refresh-renewal.ts', [
    ['', "store.consistency && 'an eventually consistent store'", 'undefined'],
  ]),
  ...area('Redis lock', ['test/core/redis-lock.test.ts'], 'core/redis-lock.ts', [
    ['poll', 'acquired && monotonic(clock) - asked < lease / 2', 'acquired'],
    ['acquire', 'polling.then(withdraw, withdraw).catch(() => {})', ''],
    ['keepAlive', 'extend(redis, holding).catch(() => {})', ''],
  ]),
]
