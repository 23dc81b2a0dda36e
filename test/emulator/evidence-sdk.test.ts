import { describe, expect, test } from 'vitest'
import { Ims } from '../../src/core/index.ts'
import { type Ask, asksOf, beginLogin, clientOf } from './evidence/asks.ts'
import { isMatcher } from './evidence/compare.ts'
import { evidence } from './evidence/index.ts'
import { type Answer, type Call, isKnown, jwt, type Meaning, type Members, type Row } from './evidence/row.ts'
import { sampleBody, sampleLocation, sampleResponse } from './evidence/sample.ts'
import { endpoint } from './evidence/scene.ts'

// every answer of the table, given to the SDK as IMS's: what comes of it is what the answer means

type Refused = Exclude<Meaning, 'granted'>
type By = Ask['by'] | 'callback'

const refused = { name: 'ImsResponseError', code: 'HTTP_ERROR' }
const later = { name: 'UnavailableError', code: 'IMS_UNAVAILABLE' }
const signIn = { name: 'LoginRequiredError', code: 'LOGIN_REQUIRED' }

/** The error that a refusal deserves. The low-level API reports what IMS said; flows say what is to be done. */
function deserved(meaning: Refused, by: By): { name: string; code: string } {
  if (meaning === 'later') return later
  if (meaning === 'denied') return { name: 'LoginRequiredError', code: 'ACCESS_DENIED' }
  if (meaning === 'user') return by.startsWith('Ims') ? refused : signIn
  return meaning === 'over' && by === 'renewal' ? signIn : refused
}

interface Told {
  readonly imsError?: unknown
  readonly imsErrorDescription?: unknown
  readonly jump?: unknown
}

/** What IMS said, as an error carries it: itself, in its details, or as its cause. */
function toldBy(error: unknown): Told {
  const { details, cause } = error as { details?: Told; cause?: Told & { details?: Told } }
  return { ...cause?.details, ...cause, ...details, ...(error as Told) }
}

function meaningOf({ meaning }: Row, { status, redirect }: Answer): Meaning {
  if (meaning !== undefined) return meaning
  const error = { ...redirect?.query, ...redirect?.fragment }.error
  return status >= 400 || error !== undefined ? 'refused' : 'granted'
}

async function rejection(asking: Promise<unknown>): Promise<unknown> {
  const outcome = await asking.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error
  throw new Error(`it was answered: ${JSON.stringify(outcome.value)}`)
}

/** Whether `error` has IMS's own words, word for word. */
function expectWords(error: unknown, said: Readonly<Record<string, unknown>>): void {
  const { imsError, imsErrorDescription, jump } = toldBy(error)
  expect({ imsError, imsErrorDescription, jump }).toEqual({
    imsError: said.error,
    imsErrorDescription: said.error_description,
    jump: said.jump,
  })
}

/** v1 and the exchange of assertions count in ms, all others in seconds. */
const inMilliseconds = ({ path }: Call) => /\/(?:token|token\/v1|jwt\/?)$/.test(path)

function expectToken(result: unknown, answer: Answer, row: Row): void {
  const said = sampleBody(answer, clientOf(row.call))
  const { access_token } = result as { access_token: { token: string; expiry: number } }
  expect(access_token.token).toBe(said.access_token)
  const lifetime = Number(said.expires_in) * (inMilliseconds(row.call) ? 1 : 1000)
  expect(Math.abs(access_token.expiry - Date.now() - lifetime)).toBeLessThan(600_000)
}

/** A row may describe a part of an answer; what every token answer has is added. */
function whole(answer: Answer, { call }: Row): Answer {
  const isToken = answer.status === 200 && /^\/ims\/(?:token|exchange)/.test(call.path)
  if (!isToken || isMatcher(answer.body) || Array.isArray(answer.body)) return answer
  const usual = { access_token: jwt(), token_type: 'bearer', expires_in: inMilliseconds(call) ? 86_399_985 : 86_399 }
  return { ...answer, body: { ...usual, ...(answer.body as Members | undefined) } }
}

async function feed({ by, ask }: Ask, row: Row, recorded: Answer): Promise<void> {
  const answer = whole(recorded, row)
  const fetch = async () => sampleResponse(answer, clientOf(row.call))
  const meaning = meaningOf(row, answer)
  if (meaning === 'granted') {
    const result = await ask(fetch)
    if (by === 'Ims, for a token') expectToken(result, answer, row)
    return
  }
  const error = await rejection(ask(fetch))
  expect(error).toMatchObject(deserved(meaning, by))
  const location = sampleLocation(answer, clientOf(row.call))
  expectWords(error, location ? Object.fromEntries(location.searchParams) : sampleBody(answer, clientOf(row.call)))
  if (answer.headers?.['retry-after'] !== undefined) expect(error).toMatchObject({ retryAfter: 38_000 })
}

async function feedCallback(row: Row, answer: Answer): Promise<void> {
  const tokens = { access_token: 'at', token_type: 'bearer', expires_in: 86399 }
  const { client, state } = await beginLogin(row.call, async () => Response.json(tokens))
  const callback = sampleLocation(answer, clientOf(row.call)) ?? new URL(endpoint)
  const inFragment = callback.hash !== ''
  callback.searchParams.set('state', state)
  const meaning = meaningOf(row, answer)
  if (inFragment) {
    // the SDK asks for a code in the query, so this answers no login of it
    callback.searchParams.delete('state')
    const error = await rejection(client.finishLogin(callback))
    expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'STATE_MISMATCH' })
    expect(String(error)).not.toContain('eyJ')
    return
  }
  if (meaning === 'granted') {
    expect(await client.finishLogin(callback)).toMatchObject({ accessToken: 'at' })
    return
  }
  const error = await rejection(client.finishLogin(callback))
  expect(error).toMatchObject(deserved(meaning, 'callback'))
  expectWords(error, Object.fromEntries(callback.searchParams))
}

const rows = evidence.flatMap((section) => section.rows).filter(({ call }) => call.host === undefined)
const answerOf = (row: Row) => (isKnown(row) ? row.answer : row.assumed)
/** A browser goes there by itself; the SDK only makes the address. */
const isNavigation = ({ call }: Row) =>
  call.path.startsWith('/ims/authorize') || /^\/ims\/logout(\/v1)?$/.test(call.path)
const answered = rows.flatMap((row) => {
  const answer = answerOf(row)
  return answer === undefined ? [] : [{ row, answer }]
})

describe('answers to requests', () => {
  const asked = answered.filter(({ row }) => !isNavigation(row) && row.call.method !== 'OPTIONS')
  const cases = asked.flatMap(({ row, answer }) =>
    asksOf(row).map((ask) => [row.id, ask.by, { row, answer, ask }] as const),
  )
  test.each(cases)('%s, asked by %s', async (_, __, { row, answer, ask }) => feed(ask, row, answer))
})

describe('where a sign-in ends', () => {
  const cases = answered.filter(({ row, answer }) => row.call.path.startsWith('/ims/authorize') && answer.redirect)
  test.each(cases.map((each) => [each.row.id, each] as const))('%s', async (_, { row, answer }) =>
    feedCallback(row, answer),
  )
})

describe('an error without the state of the login', () => {
  const isError = ({ answer: { redirect } }: { answer: Answer }) =>
    (redirect?.query ?? redirect?.fragment)?.error !== undefined
  const cases = answered.filter((each) => each.row.call.path.startsWith('/ims/authorize') && isError(each))
  test.each(cases.map((each) => [each.row.id, each] as const))('%s', async (_, { row, answer }) => {
    const tokens = { access_token: 'at', token_type: 'bearer', expires_in: 86399 }
    const { client, state } = await beginLogin(row.call, async () => Response.json(tokens))
    const callback = sampleLocation(answer, clientOf(row.call)) ?? new URL(endpoint)
    callback.searchParams.delete('state')
    const said = new URLSearchParams(callback.hash.slice(1) || callback.search)
    const error = await rejection(client.finishLogin(callback))
    expect(error).toMatchObject({ name: 'LoginRequiredError', code: 'STATE_MISMATCH' })
    expect(toldBy(error).imsError).toBe(said.get('error'))
    // the login goes on: whoever made that address knew nothing of it
    const finished = await client.finishLogin(`https://app.example/callback?code=c&state=${state}`)
    expect(finished).toMatchObject({ accessToken: 'at' })
  })
})

describe('what IMS may answer to an expired refresh token, as no source shows it', () => {
  test.each(['invalid_grant', 'invalid_token', 'access_denied'])('%s', async (error) => {
    const row = rows.find(({ id }) => id === 'refresh-expired')
    const ask = row && asksOf(row).find(({ by }) => by === 'renewal')
    const failure = await rejection(Promise.resolve(ask?.ask(async () => Response.json({ error }, { status: 400 }))))
    expect(failure).toMatchObject(signIn)
    expect(toldBy(failure).imsError).toBe(error)
  })
})

test('the address of a sign-out is the one of the table', () => {
  const row = rows.find(({ id }) => id === 'logout-front')
  const { client_id: clientId = '', redirect_uri: redirectUri = '' } = row?.call.query ?? {}
  const url = new URL(new Ims({ endpoint }).getLogoutUrl({ clientId, redirectUri }))
  expect([url.pathname, Object.fromEntries(url.searchParams)]).toEqual([row?.call.path, row?.call.query])
})
