import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type AnyImsError,
  type ConfigurationCode,
  ConfigurationError,
  ImsError,
  type ImsErrorCode,
  type ImsResponseCode,
  ImsResponseError,
  isImsError,
  type LoginRequiredCode,
  LoginRequiredError,
  type TokenCode,
  TokenError,
  type UnavailableCode,
  UnavailableError,
} from '../../src/core/index.ts'

type Configuration =
  | 'CONTEXT_NOT_CONFIGURED'
  | 'MISSING_CONTEXT_LABEL'
  | 'INVALID_CONTEXT_DATA'
  | 'CANNOT_GENERATE_TOKEN'
  | 'INVALID_KEY'
  | 'INVALID_KEY_FILE'
  | 'MISSING_ENVIRONMENT_VARIABLE'
  | 'CANNOT_RESOLVE_ENVIRONMENT'
  | 'UNKNOWN_AUTHCODE_TYPE'
  | 'SECRET_IN_BROWSER'
  | 'CONFIG_UNREADABLE'
  | 'UNTRUSTED_SOURCE'
  | 'BAD_OPTION'
type Login = 'LOGIN_REQUIRED' | 'LOGIN_NOT_POSSIBLE' | 'ACCESS_DENIED' | 'STATE_MISMATCH'
type Token = 'INVALID_TOKEN' | 'BAD_TOKEN' | 'TOKEN_INVALID'
type Unavailable =
  | 'NETWORK_FAILED'
  | 'TIMEOUT'
  | 'STORE_FAILED'
  | 'IMS_UNAVAILABLE'
  | 'SESSION_OUTDATED'
  | 'SESSION_READ_ONLY'

it('the codes are the documented ones, all of them and no others', () => {
  expectTypeOf<ConfigurationCode>().toEqualTypeOf<Configuration>()
  expectTypeOf<LoginRequiredCode>().toEqualTypeOf<Login>()
  expectTypeOf<TokenCode>().toEqualTypeOf<Token>()
  expectTypeOf<ImsResponseCode>().toEqualTypeOf<'HTTP_ERROR' | 'IMS_MALFORMED'>()
  expectTypeOf<UnavailableCode>().toEqualTypeOf<Unavailable>()
  expectTypeOf<ImsErrorCode>().toEqualTypeOf<
    Configuration | Login | Token | 'HTTP_ERROR' | 'IMS_MALFORMED' | Unavailable
  >()
})

it('each code has a section in the documentation', () => {
  const source = readFileSync(new URL('../../src/core/errors.ts', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/'([A-Z]+_[A-Z_]+|TIMEOUT)'/g)].map(([, code]) => code)
  const documented = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^### (\w+)$/gm)
  expect([...documented].map(([, code]) => code).sort()).toEqual([...new Set(codes)].sort())
})

const cause = new Error('why')
const samples = [
  [ConfigurationError, new ConfigurationError('BAD_OPTION', 'what; then what', { cause }), 'ConfigurationError'],
  [LoginRequiredError, new LoginRequiredError('LOGIN_REQUIRED', 'what; then what', { cause }), 'LoginRequiredError'],
  [TokenError, new TokenError('TOKEN_INVALID', 'what; then what', { cause, reason: 'scope' }), 'TokenError'],
  [
    ImsResponseError,
    new ImsResponseError('HTTP_ERROR', 'what; then what', { status: 400, imsError: 'x', cause }),
    'ImsResponseError',
  ],
  [UnavailableError, new UnavailableError('TIMEOUT', 'what; then what', { cause, retryAfter: 5 }), 'UnavailableError'],
] as const

describe.each(samples)('%o', (Class, error, name) => {
  it('is an error with name, code, message and cause', () => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(ImsError)
    expect(error).toBeInstanceOf(Class)
    expect(error).toMatchObject({ name, message: 'what; then what' })
    expect(error.cause).toBe(cause)
    expect(String(error)).toBe(`${name}: what; then what`)
    expect(error.stack).toContain('errors.test.ts')
    expect(isImsError(error)).toBe(true)
  })

  it('is not an instance of another class', () => {
    const others = samples.filter(([Other]) => Other !== Class)
    expect(others.every(([Other]) => !(error instanceof Other))).toBe(true)
  })

  it('without extras has none', () => {
    const bare = new (Class as typeof UnavailableError)('TIMEOUT', 'x', {})
    expect('cause' in bare).toBe(false)
    expect(Object.keys(bare).filter((key) => !['name', 'code', 'status'].includes(key))).toEqual([])
  })

  it('has everything but stack and cause in JSON', () => {
    const { message, code, details = {}, sdk, sdkDetails } = error
    expect([sdk, sdkDetails]).toEqual(['IMSSDK', details])
    const written = JSON.parse(JSON.stringify(error))
    expect(written).toMatchObject({ name, code, message, sdk, sdkDetails: details })
    for (const key of Object.keys(error)) expect(written).toHaveProperty(key)
    expect(Object.keys(written)).not.toEqual(expect.arrayContaining(['stack']))
    expect(written).not.toHaveProperty('cause')
  })
})

it('say in a log what support asks for', () => {
  const refused = new ImsResponseError('HTTP_ERROR', 'm', { status: 400, imsError: 'e', requestId: 'r' })
  expect(JSON.stringify({ refused })).toBe(
    '{"refused":{"name":"ImsResponseError","code":"HTTP_ERROR","message":"m","status":400,"imsError":"e","requestId":"r",' +
      '"sdk":"IMSSDK","sdkDetails":{}}}',
  )
})

it('carry what their kind promises', () => {
  const facts = { status: 400, imsError: 'e', imsErrorDescription: 'd', requestId: 'r' }
  expect(new ImsResponseError('HTTP_ERROR', 'm', facts)).toMatchObject(facts)
  expect(new TokenError('TOKEN_INVALID', 'm', { reason: 'expired' }).reason).toBe('expired')
  expect(new UnavailableError('TIMEOUT', 'm', { retryAfter: 5, status: 503 })).toMatchObject({
    retryAfter: 5,
    status: 503,
  })
  expect(new ConfigurationError('BAD_OPTION', 'm', { details: { a: 1 } }).details).toEqual({ a: 1 })
})

describe('isImsError', () => {
  it.each([
    undefined,
    null,
    'ImsError',
    5,
    {},
    new Error('x'),
    Object.assign(new Error('x'), { code: 'BAD_OPTION', name: 'ImsError' }),
    new DOMException('x', 'AbortError'),
    () => {},
  ])('%o is not an error of imskit', (value) => {
    expect(isImsError(value)).toBe(false)
  })

  it('knows errors of other realms and of other copies of this package', async () => {
    const { outputFiles } = await build({
      entryPoints: ['src/core/errors.ts'],
      bundle: true,
      format: 'iife',
      globalName: 'copy',
      minify: true,
      write: false,
    })
    const source = outputFiles[0]?.text ?? ''
    const make = `${source}; new copy.TokenError('BAD_TOKEN', 'made elsewhere')`
    const foreign: unknown = runInNewContext(make)
    expect(foreign instanceof Error).toBe(false)
    expect(isImsError(foreign)).toBe(true)
    expect(foreign).toMatchObject({ name: 'TokenError', code: 'BAD_TOKEN' })
    // and the other way round
    const check = runInNewContext(`${source}; copy.isImsError`) as typeof isImsError
    expect(check(new TimeoutLike())).toBe(true)
    expect(check(new Error('x'))).toBe(false)
  })

  it('narrows to errors that code and name distinguish', () => {
    const error: unknown = new UnavailableError('TIMEOUT', 'x', { retryAfter: 1 })
    if (!isImsError(error)) throw new Error('not narrowed')
    expectTypeOf(error).toEqualTypeOf<AnyImsError>()
    if (error.code === 'TIMEOUT') expectTypeOf(error).toEqualTypeOf<UnavailableError>()
  })
})

class TimeoutLike extends UnavailableError {
  constructor() {
    super('TIMEOUT', 'a subclass of someone else')
  }
}
