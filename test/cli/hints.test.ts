import { expect, test } from 'vitest'
import { forCommand, noteContext, shellWord } from '../../src/adapters/node/cli/hints.ts'
import { ConfigurationError, LoginRequiredError, TokenError, UnavailableError } from '../../src/core/errors.ts'

const login = (message: string) => new LoginRequiredError('LOGIN_REQUIRED', message)

test.each([
  [
    login('No user is signed in, and a new token needs the user. Call login().'),
    'No user is signed in, and a new token needs the user.',
    'To sign in, run: imskit login my-app',
  ],
  [
    login('IMS needs the user (login_required); call login()'),
    'IMS needs the user (login_required).',
    'To sign in, run: imskit login my-app',
  ],
  [
    login('The configured refresh token was used. Sign in again and configure the new refresh token.'),
    'The configured refresh token was used. Sign in again and configure the new refresh token.',
    'To sign in, run: imskit login my-app',
  ],
  [
    new LoginRequiredError(
      'LOGIN_NOT_POSSIBLE',
      "IMS context 'my-app' needs a user to sign in, and there is no terminal. If a user is present, pass `interaction: 'login'` or `open`; otherwise sign in with a terminal first, or use a server-to-server credential.",
    ),
    "IMS context 'my-app' needs a user to sign in, and there is no terminal.",
    'Run this at a terminal where the user is present: imskit login my-app. Without a user, use a server-to-server credential.',
  ],
  [
    new UnavailableError(
      'TIMEOUT',
      "The browser did not return within 120 s. Start the login again, or allow more time with the option 'timeout' (ms).",
    ),
    'The browser did not return within 120 s.',
    'To allow more time, pass --timeout <seconds>',
  ],
  [
    new ConfigurationError('BAD_OPTION', 'env "moon" is not known; use "prod" or "stage", or set endpoint'),
    'env "moon" is not known; use "prod" or "stage", or set endpoint.',
    undefined,
  ],
  [
    new ConfigurationError(
      'CANNOT_GENERATE_TOKEN',
      "IMS context 'myApp' fits no kind of credential. Add the missing keys of one kind:\n  jwt: missing client_id",
    ),
    "IMS context 'myApp' fits no kind of credential. Add the missing keys of one kind:\n  jwt: missing client_id",
    'To add keys, run: imskit context set my-app --merge <key>=<value>',
  ],
  [
    new TokenError('INVALID_TOKEN', "IMS context 'a' has no token to invalidate: missing or expired"),
    "IMS context 'a' has no token to invalidate: missing or expired.",
    undefined,
  ],
  [
    new UnavailableError(
      'NETWORK_FAILED',
      'POST https://ims.example/ims/token/v3 failed on the way; check the network',
    ),
    'POST https://ims.example/ims/token/v3 failed on the way; check the network.',
    'To find out why, run: imskit doctor',
  ],
])('%s', (error, message, remedy) => {
  noteContext('my-app')
  expect(forCommand(error)).toEqual({ message, ...(remedy !== undefined && { remedy }) })
})

test('an unexpected failure shows nothing of itself', () => {
  expect(forCommand(new Error('hunter2')).message).not.toContain('hunter2')
})

test.each([
  ['my-app', 'my-app'],
  ['$adobe', "'$adobe'"],
  ["it's; rm", "'it'\\''s; rm'"],
])('%s is typed as %s', (name, typed) => {
  expect(shellWord(name)).toBe(typed)
})
