import { readBody } from '../../../../core/ims/read-body.ts'
import type { Json } from '../../../../core/ports.ts'
import { networkCode } from '../network-code.ts'
import { printNote } from '../output.ts'
import type { ProbeCall, ProbeProgress, ProbeRequest } from './call.ts'
import { callsOf } from './calls.ts'
import { invalidation, issuedToken, revocation } from './calls-token.ts'
import type { Credential } from './credential.ts'
import { absent, type Confidence, complete, expectations } from './expectations.ts'
import { commonFacts, type Facts, type ProbeAnswer, showing } from './facts.ts'

const patience = 15_000
const mostCharacters = 1_000_000

/** A fact that differs from the evidence. */
export interface Difference {
  readonly call: string
  readonly fact: string
  readonly expected: readonly string[]
  readonly answered: string
  readonly confidence: Confidence
}

/** The findings of a probe. */
export interface Findings {
  /** The calls that were answered. */
  readonly answered: readonly string[]
  /** Facts that are as expected. */
  readonly same: number
  readonly differences: readonly Difference[]
  /** Facts that are not part of the evidence. */
  readonly unknown: readonly { readonly call: string; readonly fact: string; readonly answered: string }[]
  /** Calls without an answer, and why. */
  readonly failures: readonly { readonly call: string; readonly reason: string }[]
  /** Calls that could not be made without the token. */
  readonly leftOut: readonly string[]
  /** Whether a token may be left that could not be revoked. */
  readonly tokenLeft: boolean
}

/** Sends all requests that the credential allows, one after another. After `signal`, it sends only the revocation. */
export async function askAll(
  credential: Credential,
  { signal, verbose }: { signal: AbortSignal; verbose: boolean },
): Promise<Findings> {
  const progress: ProbeProgress = { keys: [], unexpected: [] }
  const asked = new Map<ProbeCall, Facts>()
  const failures: { call: string; reason: string }[] = []
  const leftOut: string[] = []
  for (const call of callsOf(credential)) {
    if (signal.aborted && call.revokes !== true) continue
    if (call.needsToken === true && progress.token === undefined) {
      leftOut.push(call.name)
      continue
    }
    const request = await call.request(progress)
    if (request === undefined) continue
    try {
      const answer = await send(request, credential.endpoint, verbose)
      asked.set(call, factsOf(answer, { call, request, credential, progress }))
    } catch (error) {
      failures.push({ call: call.name, reason: networkCode(error, patience) })
    }
  }
  const revoked = await revokeUnexpected(credential, progress.unexpected, verbose)
  const tokenLeft = !revoked || (progress.token !== undefined && progress.revoked !== true)
  return { ...compare(asked), failures, leftOut, tokenLeft }
}

interface Asked {
  readonly call: ProbeCall
  readonly request: ProbeRequest
  readonly credential: Credential
  readonly progress: ProbeProgress
}

function factsOf(answer: ProbeAnswer, { call, request, credential, progress }: Asked): Facts {
  const issued = issuedToken(answer)
  const jwt = request.form?.jwt_token
  const secrets = [...credential.secrets, progress.token, issued, jwt].filter((one) => one !== undefined)
  const show = showing(credential.endpoint, secrets)
  const facts = { ...commonFacts(answer, show), ...call.read?.(answer, show, progress) }
  if (issued !== undefined && issued !== progress.token) progress.unexpected.push(issued)
  return facts
}

/** @returns whether all of them are revoked */
async function revokeUnexpected(credential: Credential, tokens: readonly string[], verbose: boolean): Promise<boolean> {
  const ended = await Promise.allSettled(
    tokens.map(async (token) => {
      const { status } = await send(revocation(credential, token), credential.endpoint, verbose)
      if (status === 200) return true
      return (await send(invalidation(credential, token), credential.endpoint, verbose)).status === 200
    }),
  )
  return ended.every((one) => one.status === 'fulfilled' && one.value)
}

async function send(
  { path, headers = {}, form }: ProbeRequest,
  endpoint: string,
  verbose: boolean,
): Promise<ProbeAnswer> {
  const response = await fetch(endpoint + path, {
    method: form === undefined ? 'GET' : 'POST',
    headers: { accept: 'application/json', ...headers },
    ...(form !== undefined && { body: new URLSearchParams(form) }),
    // a followed redirect would send the secrets of the request to another server
    redirect: 'manual',
    signal: AbortSignal.timeout(patience),
  })
  const text = (await readBody(response, mostCharacters)) ?? ''
  if (verbose) printNote(`${form === undefined ? 'GET' : 'POST'} ${path}: ${response.status}`)
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Compares facts with the expectations. A missing fact is `absent`. */
function compare(asked: ReadonlyMap<ProbeCall, Facts>) {
  let same = 0
  const differences: Difference[] = []
  const unknown: Findings['unknown'][number][] = []
  for (const [{ name: call }, facts] of asked) {
    const expected = expectations[call] ?? {}
    const another = expected.status !== undefined && !expected.status.values.includes(facts.status ?? absent)
    for (const [fact, { values, confidence }] of Object.entries(expected)) {
      const answered = facts[fact] ?? absent
      if (values.includes(answered)) same += 1
      // an answer with another status lacks all other facts; only the status is reported
      else if (another && answered === absent) continue
      else differences.push({ call, fact, expected: values, answered, confidence })
    }
    for (const [fact, answered] of Object.entries(facts)) {
      // refusals are usually JSON; only another type is reported
      const usual = fact === 'type' && answered === 'application/json'
      if (Object.hasOwn(expected, fact) || usual) continue
      if (another || !complete.includes(call)) unknown.push({ call, fact, answered })
      else differences.push({ call, fact, expected: [absent], answered, confidence: 'A' })
    }
  }
  return { answered: Array.from(asked.keys(), ({ name }) => name), same, differences, unknown }
}
