import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import hjson from 'hjson'
import yaml from 'js-yaml'
import { endpoints } from '../../src/core/ims/environment.ts'
import { authorizeUrl, callback, createPerson } from '../emulator/person.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { imskit, oldLibrary, type Program } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'
import type { StateService } from '../kit/state-service.ts'
import { settled } from './compare.ts'
import type { RecordedIms } from './recorder.ts'
import { type Call, made, type Scenario, type World } from './scenario.ts'

export interface Services {
  readonly ims: RecordedIms
  readonly stage: RecordedIms
  readonly state: StateService
}

export type Library = 'old' | 'new'

/** Everything that a scenario could be seen to do: results, files, requests, and what State holds. */
export async function observe(library: Library, scenario: Scenario, services: Services): Promise<unknown> {
  const { ims, stage, state } = services
  const world = await newWorld(ims)
  const place = newPlace()
  const directory = dirname(place.home)
  const env = made(scenario.env ?? {}, world) as Record<string, string>
  for (const [name, value] of Object.entries(env)) env[name] = value.replaceAll('<place>', directory)
  write(place, made(scenario.files ?? {}, world) as Written)
  if (scenario.action) Object.assign(env, { ...actionVariables, AIO_STATE_ENDPOINT: state.url })
  state.values.clear()
  state.refuse(scenario.stateRefuses)
  ims.seen.length = 0
  stage.seen.length = 0
  const takeBack = scenario.fault && ims.fault(scenario.fault)
  const start = () => {
    const options = { place, env: { ...env, PROOF_RELAY: relayOf(ims) } }
    const real = { endpoint: endpoints.prod, stage: endpoints.stage }
    const emulated = { endpoint: ims.url, ...(scenario.stage && { stage: stage.url }) }
    const where = { ...options, ...(scenario.offline ? real : emulated) }
    return library === 'old' ? oldLibrary(where) : imskit(where)
  }
  let program: Program | undefined
  const calls: unknown[] = []
  for (const one of scenario.calls) {
    if (one.method === 'edit') {
      editLocal(place, ...(made(one.args, world) as [string, object]))
      continue
    }
    if (one.afresh) await program?.end()
    if (program === undefined || one.afresh) program = start()
    calls.push(await perform(library, program, one, world, ims))
  }
  takeBack?.()
  await program?.end()
  const seen = {
    calls,
    files: { global: fileOf(env.AIO_CONFIG_FILE ?? place.globalFile), local: fileOf(place.localFile) },
    requests: ims.seen,
    stage: stage.seen,
    ...(scenario.action && { state: [...state.values].map(([key, { value }]) => [key, JSON.parse(value)]) }),
  }
  return settled(structuredClone(seen), { [directory]: '<place>', [ims.url]: '<ims>', [stage.url]: '<stage>' })
}

const relayOf = ({ url }: RecordedIms) => `${url}/api/v1/web/default/applogin`
const actionVariables = { __OW_ACTION_NAME: '/ns/pkg/action', __OW_NAMESPACE: '12345-project', __OW_API_KEY: 'a-key' }

interface Written {
  readonly global?: string | object
  readonly local?: string | object
  readonly dotenv?: string
  readonly other?: Record<string, string>
}

function write(place: Place, { global, local, dotenv, other = {} }: Written): void {
  const text = (content: string | object) => (typeof content === 'string' ? content : JSON.stringify(content))
  if (global !== undefined) writeFileSync(place.globalFile, text(global))
  if (local !== undefined) writeFileSync(place.localFile, text(local))
  if (dotenv !== undefined) writeFileSync(join(place.cwd, '.env'), dotenv)
  for (const [name, content] of Object.entries(other)) writeFileSync(join(place.cwd, name), content)
}

/** What a person does with an editor. */
function editLocal(place: Place, name: string, change: object): void {
  const content = hjson.parse(readFileSync(place.localFile, 'utf8')) as { ims: { contexts: Record<string, object> } }
  Object.assign(content.ims.contexts[name] ?? {}, change)
  writeFileSync(place.localFile, JSON.stringify(content))
}

function fileOf(path: string): unknown {
  if (!existsSync(path)) return 'none'
  const text = readFileSync(path, 'utf8')
  const format = text.trim() === '' ? 'empty' : text.startsWith('{') ? 'json' : 'yaml'
  const mode = (statSync(path).mode & 0o777).toString(8)
  try {
    return { mode, format, content: (format === 'json' ? hjson.parse(text) : yaml.load(text)) ?? {} }
  } catch {
    return { mode, format, content: text }
  }
}

async function newWorld(ims: RecordedIms): Promise<World> {
  const { jwt, oauth_server_to_server: server, oauth } = ims.contexts
  const { client_id, client_secret, scope } = oauth
  const ask = async (path: string, body: Record<string, string>) =>
    (await ims.fetch(ims.url + path, { method: 'POST', body: new URLSearchParams(body) })).json()
  const newCode = async () => {
    const url = authorizeUrl(ims, { client_id, scope, redirect_uri: callback })
    return (await createPerson(ims).visit(url)).url.searchParams.get('code') ?? ''
  }
  const grant = { grant_type: 'authorization_code', code: await newCode(), client_id, client_secret }
  const tokens = await ask('/ims/token/v3', grant)
  const machine = await ask('/ims/token/v3', {
    grant_type: 'client_credentials',
    client_id: server.client_id,
    client_secret: server.client_secrets[0] ?? '',
    scope: server.scopes.join(','),
  })
  const day = 86_400_000
  return {
    jwt: withoutEndpoint(jwt),
    server: withoutEndpoint(server),
    oauth: withoutEndpoint(oauth),
    person: {
      access_token: { token: tokens.access_token, expiry: Date.now() + day },
      refresh_token: { token: tokens.refresh_token, expiry: Date.now() + 14 * day },
    },
    machine: { token: machine.access_token, expiry: Date.now() + day },
    code: await newCode(),
    saved: {},
    endpoint: ims.url,
  }
}

async function perform(library: Library, program: Program, one: Call, world: World, ims: RecordedIms) {
  const args = made(one.args, world) as unknown[]
  try {
    const answer = one.person ? signedIn(library, program, one, args, ims) : program.call(one.method, ...args)
    const value = await answer
    if (one.as !== undefined) world.saved[one.as] = value
    return { value }
  } catch (error) {
    return { error: describeError(error as Failure) }
  }
}

/** The same call, while the person signs in where the program says. */
async function signedIn(library: Library, program: Program, one: Call, args: unknown[], ims: RecordedIms) {
  const [name, options] = args as [string, object?]
  const relayed = library === 'new' && name === 'cli'
  const method = relayed ? `relayed.${one.method}` : one.method
  // the old library takes every caller for a person at a browser
  const asked = { ...options, open: false, ...(library === 'new' && { interaction: 'login' }) }
  const token = program.call<string>(method, name, asked)
  token.catch(() => undefined)
  const printed = program.said(/(http:\/\/127\.0\.0\.1\S+)\s/)
  printed.catch(() => undefined)
  const answered = await Promise.race([token, printed])
  if (typeof answered === 'string') return { token: answered, path: 'nobody was asked', asked: '' }
  const [, address = ''] = answered
  const { url } = await createPerson(ims).visit(address)
  await fetch(url, { redirect: 'manual' })
  const { pathname, searchParams } = new URL(address)
  return { token: await token, path: pathname, asked: [...searchParams.keys()].sort().join(' ') }
}

interface Failure {
  readonly name?: string
  readonly code?: string
  readonly message: string
  readonly status?: number
  readonly imsError?: string
}

/** What a program can go by. The old library says status and IMS's own error in its text only. */
function describeError({ name, code, message, status, imsError }: Failure) {
  const said = /^(\d{3}) \([^)]*\): ([\s\S]*)$/.exec(message)
  return {
    name,
    code,
    status: status ?? (said ? Number(said[1]) : undefined),
    imsError: imsError ?? (said && /"error":"(\w+)"/.exec(said[2] ?? '')?.[1]) ?? undefined,
  }
}
