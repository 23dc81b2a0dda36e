import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pickFault, type Rates, replacement, slowness, type WireFault } from '../faults/wire.ts'
import { answered, type Issued, isSettled, loggedIn, present } from '../judge/redemptions.ts'
import { actorOf, type Judge, partOf, type Redemption } from '../judge/state.ts'
import type { Engine, EngineAnswer, EngineRequest } from './engine.ts'

/** What clients talk to: a server's network, with its faults. */
export interface Front {
  readonly engine: Engine
  readonly url: string
  rates: Rates
  /** ms that something slow takes */
  slowness: () => number
  /** Whether the run destroys no answers. */
  gentle: boolean
  /** Is told of an answer that has just been sent. */
  onAnswer?: ((actor: string) => void) | undefined
  /** Whether the server is not to consume what this client sends, as the harness would destroy the answer. */
  refuses?: ((redemption: { actor: string; noteAt: number }) => boolean) | undefined
  /** Runs `act` while no redemption is under way; resolves to `false` if that does not come within 3 s. */
  quietly(act: () => Promise<void> | void): Promise<boolean>
  close(): Promise<void>
}

interface State {
  readonly judge: Judge
  readonly underWay: Set<Redemption>
  gate: Promise<void> | undefined
}

export async function startFront(judge: Judge, engine: Engine): Promise<Front> {
  const state: State = { judge, underWay: new Set(), gate: undefined }
  const server = createServer(async (request, response) => {
    try {
      await handle(front, state, request, response)
    } catch (error) {
      if (process.env.GAUNTLET_DEBUG) console.error('front', error)
      response.destroy()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const front: Front = {
    engine,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rates: {},
    slowness,
    gentle: false,
    quietly: (act) => quietly(state, act),
    async close() {
      server.closeAllConnections()
      server.close()
      await engine.close()
    },
  }
  return front
}

async function quietly(state: State, act: () => Promise<void> | void): Promise<boolean> {
  while (state.gate !== undefined) await state.gate
  const { promise, resolve } = deferred()
  state.gate = promise
  try {
    for (let waited = 0; waited < 3_000; waited += 20) {
      for (const each of state.underWay) if (isSettled(state.judge, each)) state.underWay.delete(each)
      if (state.underWay.size === 0) {
        await act()
        return true
      }
      await sleep(20)
    }
    return false
  } finally {
    state.gate = undefined
    resolve()
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

async function handle(front: Front, state: State, request: IncomingMessage, response: ServerResponse) {
  for (const name of ['origin', 'headers'])
    response.setHeader(
      `access-control-allow-${name}`,
      name === 'origin' ? '*' : 'x-actor, x-sent, x-note, content-type, auth0-client',
    )
  response.setHeader('access-control-max-age', '600')
  if (request.method === 'OPTIONS') return void response.writeHead(204).end()
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const asked = {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
  }
  const form = new URLSearchParams(asked.body)
  const refreshToken = form.get('refresh_token')
  if (form.get('grant_type') === 'refresh_token' && refreshToken !== null)
    return redeem(front, state, { asked, response, refreshToken })
  const answer = await front.engine.handle(asked)
  if (form.get('grant_type') !== null) login(front, state, asked, answer)
  send(response, answer)
}

function login({ engine }: Front, { judge }: State, asked: EngineRequest, answer: EngineAnswer): void {
  const issued = issuedBy(answer)
  if (issued === undefined) return
  if (asked.body.includes('grant_type=authorization_code')) loggedIn(judge, scopeOfRequest(asked, engine), issued)
  else judge.accessTokens.set(issued.accessToken, { session: { scope: 'machine', loggedInAt: 0 }, generation: 0 })
}

interface Exchange {
  readonly asked: EngineRequest
  readonly response: ServerResponse
  readonly refreshToken: string
}

async function redeem(front: Front, state: State, { asked, response, refreshToken }: Exchange): Promise<void> {
  const fault = pickFault(front.rates)
  if (fault === 'reset-before') return void response.destroy()
  const instead = fault === 'html-after' ? undefined : replacement(fault)
  if (instead !== undefined) return send(response, instead)
  if (fault === 'slow-before') await sleep(front.slowness())
  while (state.gate !== undefined) await state.gate
  const { judge } = state
  const presented = {
    scope: scopeOfRequest(asked, front.engine),
    actor: header(asked, 'x-actor') || 'unknown-0',
    sentAt: Number(header(asked, 'x-sent')) || Date.now(),
    noteAt: Number(header(asked, 'x-note')) || 0,
  }
  if (cannotReceive(judge, presented.actor, response) || front.refuses?.(presented)) return void response.destroy()
  const redemption = present(judge, { ...presented, refreshToken })
  state.underWay.add(redemption)
  const answer = await front.engine.handle(asked)
  answered(judge, redemption, refreshToken, issuedBy(answer))
  if (fault === 'slow-after') await sleep(front.slowness())
  await deliver(response, { answer, fault, redemption })
  front.onAnswer?.(presented.actor)
}

/** Nothing is consumed for a client that is known to be away. */
function cannotReceive(judge: Judge, actor: string, response: ServerResponse): boolean {
  const { gone, offline } = actorOf(judge, actor)
  return response.destroyed || gone !== undefined || offline.some(({ to }) => to === Number.POSITIVE_INFINITY)
}

interface Delivery {
  readonly answer: EngineAnswer
  readonly fault: WireFault | undefined
  readonly redemption: Redemption
}

async function deliver(response: ServerResponse, { answer, fault, redemption }: Delivery): Promise<void> {
  if (fault === 'reset-after' || fault === 'truncated' || fault === 'html-after') redemption.destroyed = fault
  if (fault === 'reset-after') return void response.destroy()
  if (fault !== 'truncated') return send(response, replacement(fault) ?? answer)
  const { body, status } = answer
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, body.length >> 1))
  await sleep(20)
  response.destroy()
}

function send(response: ServerResponse, { status, headers, body }: EngineAnswer): void {
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !/^(?:access-control-|content-length$|transfer-encoding$|connection$)/.test(name))
      response.setHeader(name, value)
  response.writeHead(status).end(body)
}

function issuedBy({ status, body }: EngineAnswer): Issued | undefined {
  if (status !== 200 || !body.startsWith('{')) return undefined
  const { access_token: accessToken, refresh_token: refreshToken } = JSON.parse(body)
  return typeof accessToken === 'string' ? { accessToken, refreshToken } : undefined
}

const header = ({ headers }: EngineRequest, name: string) => String(headers[name] ?? '')

function scopeOfRequest(asked: EngineRequest, { name }: Engine): string {
  return `${partOf(header(asked, 'x-actor') || 'unknown-0')}@${name}`
}
