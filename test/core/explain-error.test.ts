import { describe, expect, test } from 'vitest'
import {
  ConfigurationError,
  ImsResponseError,
  LoginRequiredError,
  TokenError,
  UnavailableError,
} from '../../src/core/errors.ts'
import { explainError } from '../../src/core/explain-error.ts'

const failures = [
  new LoginRequiredError('LOGIN_REQUIRED', 'for developers'),
  new LoginRequiredError('LOGIN_NOT_POSSIBLE', 'for developers'),
  new LoginRequiredError('STATE_MISMATCH', 'for developers'),
  new TokenError('INVALID_TOKEN', 'for developers'),
  new ImsResponseError('HTTP_ERROR', 'for developers', { status: 400 }),
  new ImsResponseError('IMS_MALFORMED', 'for developers', { status: 200 }),
  new UnavailableError('NETWORK_FAILED', 'for developers'),
  new UnavailableError('TIMEOUT', 'for developers'),
  new UnavailableError('STORE_FAILED', 'for developers'),
  new UnavailableError('IMS_UNAVAILABLE', 'for developers'),
  new UnavailableError('SESSION_OUTDATED', 'for developers'),
  new ConfigurationError('BAD_OPTION', 'for developers'),
]

describe('explainError', () => {
  test.each(failures.map((error) => [error.code, error] as const))('explains %s to a user', (_, error) => {
    const text = explainError(error)
    expect(text).toMatch(/^[A-Z].*\.$/)
    // neither the developer's message, nor codes, nor names of the protocol
    expect(text).not.toMatch(/for developers|[A-Z]{2,}|_|token|state|\bIMS\b/)
  })

  test('asks the user to sign in only if that helps', () => {
    const asks = failures.filter((error) => /sign in (?:again|with)/i.test(explainError(error) ?? ''))
    expect(asks.map(({ code }) => code)).toEqual([
      'LOGIN_REQUIRED',
      'LOGIN_NOT_POSSIBLE',
      'STATE_MISMATCH',
      'INVALID_TOKEN',
    ])
  })

  test('returns undefined if the user canceled', () => {
    expect(explainError(new LoginRequiredError('ACCESS_DENIED', 'refused'))).toBeUndefined()
    expect(explainError(new DOMException('stopped', 'AbortError'))).toBeUndefined()
    expect(explainError(AbortSignal.abort().reason)).toBeUndefined()
  })

  test('explains errors of other libraries, and values that are not errors', () => {
    for (const thrown of [new TypeError('x is not a function'), 'text', null, undefined])
      expect(explainError(thrown)).toBe('Something went wrong. Please try again.')
  })

  test('explains a code of a newer version by the class of the error', () => {
    const newer = new UnavailableError('TIMEOUT', 'for developers')
    expect(explainError(Object.assign(newer, { code: 'CODE_OF_TOMORROW' }))).toBe(
      'The sign-in service is not available at the moment. Please try again later.',
    )
  })

  test('uses the sentences of the app: by code, else by class', () => {
    const messages = {
      TIMEOUT: 'Das hat zu lange gedauert.',
      UnavailableError: 'Bitte später noch einmal.',
      ACCESS_DENIED: 'Sie haben abgebrochen.',
      Error: 'Ein Fehler.',
    }
    const explain = (error: unknown) => explainError(error, { messages })
    expect(explain(new UnavailableError('TIMEOUT', ''))).toBe('Das hat zu lange gedauert.')
    expect(explain(new UnavailableError('NETWORK_FAILED', ''))).toBe('Bitte später noch einmal.')
    expect(explain(new LoginRequiredError('ACCESS_DENIED', ''))).toBe('Sie haben abgebrochen.')
    expect(explain(new Error('x'))).toBe('Ein Fehler.')
    expect(explain(new LoginRequiredError('LOGIN_REQUIRED', ''))).toBe('Please sign in again to continue.')
  })

  test('rejects an option that it does not know', () => {
    const options = { message: {} }
    expect(() => explainError(new Error('x'), options as object)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    )
  })
})
