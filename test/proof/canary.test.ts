import { fork } from 'node:child_process'
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { createPerson } from '../emulator/person.ts'
import { build, built } from '../kit/build.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { type StateService, startState } from '../kit/state-service.ts'

// Every secret is a canary: it is looked for in everything that anyone could see of a long and unlucky run.

interface Sink {
  readonly where: string
  readonly text: string
}
interface Report {
  readonly secrets: string[]
  readonly sinks: Sink[]
  readonly codes: string[]
}

const canary = () => `canary-${randomUUID()}`
const secret = { oauth: canary(), serverOld: canary(), server: canary(), jwt: canary(), service: canary() }
const serviceCode = { code: canary(), secret: secret.service }
const passphrase = canary()

let emulator: RunningEmulator
let state: StateService

beforeAll(async () => {
  await build()
  state = await startState()
  emulator = await startEmulator({ autoLogin: 'user@example.com' })
})
afterAll(async () => {
  await emulator.close()
  await state.close()
})

/** The scenario's own clients at the emulator, whose secrets no other client has. */
async function startScenario() {
  const ready = emulator.contexts
  const key = createPrivateKey(ready.jwt.private_key)
  const redirectUris = [/http:\/\/(127\.0\.0\.1|localhost)(:\d+)?\/.*/]
  const own = await startEmulator({
    autoLogin: 'user@example.com',
    clients: [
      { clientId: 'person', clientSecrets: [secret.oauth], redirectUris },
      {
        clientId: 'server',
        clientSecrets: [secret.server],
        technicalAccountId: 'a@techacct.adobe.com',
        orgId: 'o@AdobeOrg',
      },
      {
        clientId: 'jwt',
        clientSecrets: [secret.jwt],
        technicalAccountId: 'a@techacct.adobe.com',
        orgId: 'o@AdobeOrg',
        metaScopes: ['ent_adobeio_sdk'],
        publicKeys: [String(createPublicKey(key).export({ type: 'spki', format: 'pem' }))],
      },
      { clientId: 'service', clientSecrets: [serviceCode.secret], permanentCode: serviceCode.code },
    ],
  })
  const encrypted = String(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }))
  const legacy = String(key.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase }))
  const machine = { technical_account_id: 'a@techacct.adobe.com', ims_org_id: 'o@AdobeOrg', endpoint: own.url }
  const scope = ready.oauth.scope
  const contexts = {
    jwt: {
      ...machine,
      client_id: 'jwt',
      client_secret: secret.jwt,
      meta_scopes: ['ent_adobeio_sdk'],
      private_key: encrypted,
      passphrase,
    },
    oauth_server_to_server: {
      ...machine,
      client_id: 'server',
      client_secrets: [secret.serverOld, secret.server],
      technical_account_email: 'a@example.com',
      scopes: ['openid'],
    },
    oauth: { client_id: 'person', client_secret: secret.oauth, scope, endpoint: own.url },
    oauth_public: { client_id: 'emulator-public', scope, endpoint: own.url },
  }
  const keys: Record<string, { private_key?: string; passphrase?: string | undefined }> = {
    'with another passphrase': { passphrase: canary() },
    'without passphrase': { passphrase: undefined },
    'legacy, another passphrase': { private_key: legacy, passphrase: canary() },
    legacy: { private_key: legacy },
    damaged: { private_key: encrypted.replaceAll(/[a-e]/g, 'f') },
    'cut off': { private_key: encrypted.slice(0, 900) },
    'without armour': { private_key: encrypted.split('\n').slice(1, -2).join('') },
    'with a blank line': { private_key: ` \n${ready.jwt.private_key}`, passphrase: undefined },
    'of another kind': { private_key: ready.jwt.private_key.replaceAll('PRIVATE', 'PUBLIC'), passphrase: undefined },
  }
  const setup = { endpoint: own.url, contexts, keys, relay: `${own.url}/api/v1/web/default/applogin`, serviceCode }
  const pem = [ready.jwt.private_key, encrypted, legacy].flatMap((text) =>
    text.split('\n').filter((line) => line.length > 40),
  )
  const wrong = Object.values(keys).flatMap((key) => key.passphrase ?? [])
  const secrets = [...Object.values(secret), serviceCode.code, passphrase, ...wrong, ...pem]
  return { own, setup, secrets }
}

/** Acts for the program as the user, the browser and a failing IMS. */
async function answer(own: RunningEmulator, what: string, about: unknown, seen: Set<string>): Promise<unknown> {
  if (what === 'fault') return void takeBack.push(own.fault(about as Parameters<RunningEmulator['fault']>[0]))
  if (what === 'no faults') {
    for (const undo of takeBack.splice(0)) undo()
    return
  }
  if (what === 'state') return state.refuse(about as number | undefined)
  const { url } = await createPerson(own).visit(String(about))
  for (const value of url.searchParams.getAll('code')) seen.add(value)
  if (what === 'browse') await fetch(url, { redirect: 'manual' })
  return url.href
}

const takeBack: (() => void)[] = []

async function run(
  place: Place,
  env: Record<string, string> = {},
): Promise<Report & { stdout: string; stderr: string }> {
  const { own, setup, secrets } = await startScenario()
  onTestFinished(() => own.close())
  const child = fork(fileURLToPath(new URL('fixtures/canary.mjs', import.meta.url)), [], {
    cwd: place.cwd,
    env: { ...place.env, PROOF_ENTRY: built('node'), DEBUG: '*', NODE_DEBUG: 'fetch,http,undici', ...env },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text) => {
      printed[name] += text
    })
  }
  const codes = new Set<string>()
  let report: Report | undefined
  child.on('message', ({ what, about }: { what: string; about: unknown }) => {
    if (what === 'done') report = about as Report
    const reply = what === 'setup' ? setup : what === 'done' ? null : answer(own, what, about, codes)
    void Promise.resolve(reply).then((value) => child.send({ value: value ?? null }))
  })
  await once(child, 'close')
  if (report === undefined) throw new Error(`the run broke off: ${printed.stderr.slice(-3000)}`)
  return { ...report, ...printed, secrets: [...report.secrets, ...secrets, ...codes] }
}

/** The package of the State service logs the values it writes if its debug output is on; imskit cannot change that. */
function withoutWritesOfState(text: string): string {
  const entries = text.split(/^(?=\d{4}-\d\d-\d\dT[\d:.]+Z )/m)
  return entries.filter((entry) => !/^\S+ @adobe\/aio-lib-state \S+:(error|debug put) /.test(entry)).join('')
}

/** How a secret might look somewhere: as it is, in a URL, in base64; of a token also each part by itself. */
function shapes(value: string): string[] {
  const parts = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value.split('.').slice(1) : []
  const base64 = Buffer.from(value).toString('base64').replaceAll('=', '')
  return [value, encodeURIComponent(value), base64, JSON.stringify(value).slice(1, -1), ...parts].filter(
    (text) => text.length > 8,
  )
}

function leaks(secrets: readonly string[], sinks: readonly Sink[]): string[] {
  const wanted = [...new Set(secrets.flatMap(shapes))]
  // most is seen in several places
  const whereOf = new Map(sinks.map(({ where, text }) => [text, where]))
  return [...whereOf].flatMap(([text, where]) =>
    wanted
      .filter((shape) => text.includes(shape))
      .map((shape) => `${where}: ${shape.slice(0, 12)}… in ${around(text, shape)}`),
  )
}

const around = (text: string, shape: string) => {
  const at = text.indexOf(shape)
  return JSON.stringify(text.slice(Math.max(0, at - 120), at + 20))
}

describe('a long and unlucky run', () => {
  test('shows no secret anywhere (S92)', { timeout: 60_000 }, async () => {
    const place = newPlace()
    const { stdout, stderr, sinks, secrets, codes } = await run(place)
    const names = [place.home, place.cwd].flatMap((path) => readdirSync(path, { recursive: true }).map(String))
    const everything = [
      ...sinks,
      { where: 'stdout', text: stdout },
      { where: 'stderr', text: stderr },
      { where: 'names of files', text: names.join('\n') },
    ]
    expect(leaks(secrets, everything)).toEqual([])
    // the run did what it was to do
    expect(codes).toEqual(expect.arrayContaining(wantedCodes))
    expect(secrets.length).toBeGreaterThan(200)
    expect(sinks.length).toBeGreaterThan(1000)
    expect(stderr).toMatch(/imskit request/)
    expect(stderr).toMatch(/HTTP|FETCH|UNDICI/)
    expect(names.length).toBeGreaterThan(2)
  })

  test('of an I/O Runtime action shows none either', { timeout: 120_000 }, async () => {
    const place = newPlace()
    const apiKey = canary()
    const { stdout, stderr, sinks, secrets, codes } = await run(place, {
      __OW_ACTION_NAME: '/ns/pkg/action',
      __OW_NAMESPACE: '12345-project',
      __OW_API_KEY: apiKey,
      AIO_STATE_ENDPOINT: state.url,
      // with `http` Node prints the key that State's package sends
      NODE_DEBUG: 'fetch,undici',
    })
    const names = readdirSync(place.cwd, { recursive: true }).map(String)
    const everything = [
      ...sinks,
      { where: 'stdout', text: withoutWritesOfState(stdout) },
      { where: 'stderr', text: withoutWritesOfState(stderr) },
      { where: 'names of files', text: names.join('\n') },
    ]
    expect(leaks([...secrets, apiKey], everything)).toEqual([])
    expect(codes).toEqual(expect.arrayContaining(['none', 'HTTP_ERROR', 'STORE_FAILED', 'LOGIN_REQUIRED']))
    expect(state.values.size).toBeGreaterThan(0)
    expect(stderr).toMatch(/imskit request/)
    expect(stdout).toMatch(/@adobe\/aio-lib-state/)
  })

  test('would be caught showing one (S92)', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJhIjoiY2FuYXJ5LWNhbmFyeSJ9.c2lnbmF0dXJlLWNhbmFyeQ'
    for (const text of [token, token.slice(25), `?x=${encodeURIComponent('a b/canary')}`, btoa('a b/canary')]) {
      expect(leaks([token, 'a b/canary'], [{ where: 'here', text }])).not.toEqual([])
    }
  })
})

const wantedCodes = [
  'none',
  'ACCESS_DENIED',
  'BAD_OPTION',
  'BAD_TOKEN',
  'CANNOT_GENERATE_TOKEN',
  'HTTP_ERROR',
  'IMS_MALFORMED',
  'IMS_UNAVAILABLE',
  'INVALID_CONTEXT_DATA',
  'INVALID_KEY',
  'INVALID_TOKEN',
  'LOGIN_REQUIRED',
  'NETWORK_FAILED',
  'STATE_MISMATCH',
  'TIMEOUT',
  'TOKEN_INVALID',
]
