import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import hjson from 'hjson'
import yaml from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { build } from '../kit/build.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { imskit, oldLibrary, type Program, type ProgramOptions } from '../kit/program.ts'
import { withoutEndpoint } from '../kit/ready-made.ts'

// one machine, two libraries: each uses what the other leaves in the files

interface Context {
  readonly name: string
  readonly local: boolean
  readonly data: Record<string, unknown> & { access_token?: { token: string; expiry: number; for?: string } }
}
interface Tree {
  readonly other?: string
  readonly ims?: { readonly contexts?: Record<string, Context['data']>; readonly config?: { current?: string } }
}

let emulator: RunningEmulator
let stage: RunningEmulator

beforeAll(async () => {
  await build()
  emulator = await startEmulator()
  stage = await startEmulator()
})
afterAll(async () => {
  await emulator.close()
  await stage.close()
})

const libraries = { imskit, 'aio-lib-ims': oldLibrary }
type Library = keyof typeof libraries
const pairs: [Library, Library][] = [
  ['imskit', 'aio-lib-ims'],
  ['aio-lib-ims', 'imskit'],
]

const start = (library: Library, place: Place, more: Partial<ProgramOptions> = {}) =>
  libraries[library]({ place, endpoint: emulator.url, ...more })

const tokenRequests = ({ requests } = emulator) => requests.filter(({ path }) => /token|exchange/.test(path)).length
const read = (path: string) => readFileSync(path, 'utf8')
const tree = (path: string) => (read(path).startsWith('{') ? hjson.parse(read(path)) : yaml.load(read(path))) as Tree
const stored = (path: string, name: string) => tree(path).ims?.contexts?.[name]?.access_token

function prepare(place: Place, format: string, content: object = { other: 'kept' }): void {
  const text = format === 'yaml' ? yaml.dump(content) : JSON.stringify(content)
  for (const path of [place.globalFile, place.localFile]) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

describe.each(pairs)('%s writes, %s reads', (first, second) => {
  test.each(['json', 'yaml'])('%s: a token is used without a request and lies next to its context', async (format) => {
    const place = newPlace()
    prepare(place, format)
    const writer = start(first, place)
    const contexts = [
      { name: 'here', local: true, path: place.localFile },
      { name: 'there', local: false, path: place.globalFile },
    ]
    for (const { name, local } of contexts) {
      await writer.call('context.set', name, withoutEndpoint(emulator.contexts.oauth_server_to_server), local)
    }
    const tokens = [await writer.call<string>('getToken', 'here'), await writer.call<string>('getToken', 'there')]
    const before = tokenRequests()
    const reader = start(second, place)
    for (const [index, { name, local, path }] of contexts.entries()) {
      expect(await reader.call('getToken', name)).toBe(tokens[index])
      expect(await reader.call<Context>('context.get', name)).toMatchObject({ name, local })
      const { other, ims } = tree(path)
      expect(Object.keys(ims?.contexts ?? {})).toEqual([name])
      expect(stored(path, name)?.token).toBe(tokens[index])
      expect(other).toBe('kept')
      expect(read(path).startsWith('{')).toBe(format === 'json')
    }
    expect(tokenRequests()).toBe(before)
  })

  test('contexts, their names, the current one and the cli context', async () => {
    const place = newPlace()
    const writer = start(first, place)
    const data = { client_id: 'x', scope: 'openid', list: ['a', 'b'], deep: { n: 1, yes: true } }
    await writer.call('context.set', 'here', data, true)
    await writer.call('context.set', 'there', { ...data, client_id: 'y' })
    await writer.call('context.setCurrent', 'here')
    await writer.call('context.setCli', { 'cli.bare-output': true, a: 1 })
    await writer.call('context.setCli', { b: 2 })
    const reader = start(second, place)
    expect(await reader.call('context.get', 'here')).toEqual({ name: 'here', data, local: true })
    expect(await reader.call('context.get')).toEqual({ name: 'here', data, local: true })
    expect(await reader.call('context.get', 'there')).toMatchObject({ data: { client_id: 'y' }, local: false })
    expect(await reader.call('context.get', 'nowhere')).toEqual({ name: 'nowhere', data: undefined, local: false })
    expect(await reader.call('context.getCurrent')).toBe('here')
    expect((await reader.call<string[]>('context.keys')).sort()).toEqual(['cli', 'here', 'there'])
    expect(await reader.call('context.getCli')).toEqual({ 'cli.bare-output': true, a: 1, b: 2 })
    await reader.call('context.setCli', { c: 3 }, false, false)
    await reader.call('context.set', undefined, { ...data, list: ['c'] }, true)
    await reader.call('context.set', 'there', undefined)
    const again = start(first, place)
    expect(await again.call('context.getCli')).toEqual({ c: 3 })
    expect(await again.call<Context>('context.get', 'here')).toMatchObject({ data: { list: ['c'] } })
    expect((await again.call<string[]>('context.keys')).sort()).toEqual(['cli', 'here'])
  })

  test('a token that one library invalidated is removed for the other, in the same file', async () => {
    const place = newPlace()
    const writer = start(first, place)
    await writer.call('context.set', 'machine', withoutEndpoint(emulator.contexts.jwt), true)
    const token = await writer.call<string>('getToken', 'machine')
    await start(second, place).call('invalidateToken', 'machine')
    expect(tree(place.localFile).ims?.contexts?.machine).not.toHaveProperty('access_token')
    const before = tokenRequests()
    expect(await start(first, place).call('getToken', 'machine')).not.toBe(token)
    expect(tokenRequests()).toBe(before + 1)
  })

  test('a refresh token of one library is rotated by the other, and the first continues with the new one', async () => {
    const place = newPlace()
    const { refresh, data } = await personContext()
    const writer = start(first, place)
    await writer.call('context.set', 'person', { ...data, refresh_token: refresh })
    const reader = start(second, place)
    const token = await reader.call<string>('getToken', 'person')
    const { data: now } = await reader.call<Context>('context.get', 'person')
    await reader.call('context.set', 'person', { ...(now as object), access_token: { token, expiry: Date.now() } })
    const before = tokenRequests()
    const next = await start(first, place).call<string>('getToken', 'person')
    expect(next).not.toBe(token)
    expect(tokenRequests()).toBe(before + 1)
    expect(stored(place.globalFile, 'person')?.token).toBe(next)
  })

  test('a context of the environment alone: its token is kept globally and shared', async () => {
    const { client_id, technical_account_email, technical_account_id, ims_org_id } =
      emulator.contexts.oauth_server_to_server
    const place = newPlace({
      AIO_IMS_CONTEXTS_FROM__ENV_CLIENT__ID: client_id,
      AIO_IMS_CONTEXTS_FROM__ENV_CLIENT__SECRETS: '["emulator-first-secret"]',
      AIO_IMS_CONTEXTS_FROM__ENV_TECHNICAL__ACCOUNT__EMAIL: technical_account_email,
      AIO_IMS_CONTEXTS_FROM__ENV_TECHNICAL__ACCOUNT__ID: technical_account_id,
      AIO_IMS_CONTEXTS_FROM__ENV_SCOPES: '["openid","AdobeID"]',
      AIO_IMS_CONTEXTS_FROM__ENV_IMS__ORG__ID: ims_org_id,
    })
    const token = await start(first, place).call<string>('getToken', 'from_env')
    const request = emulator.requests.at(-1)
    expect(request?.params).toMatchObject({ client_id, scope: 'openid,AdobeID', org_id: ims_org_id })
    expect(tree(place.globalFile).ims?.contexts?.from_env).toEqual({ access_token: expect.objectContaining({ token }) })
    const before = tokenRequests()
    const reader = start(second, place)
    expect(await reader.call('getToken', 'from_env')).toBe(token)
    expect(tokenRequests()).toBe(before)
    expect(await reader.call('context.keys')).toEqual(['from_env'])
  })
})

async function personContext() {
  const data = withoutEndpoint(emulator.contexts.oauth)
  const { client_id, client_secret, scope } = data
  const { authorizeUrl, callback, createPerson } = await import('../emulator/person.ts')
  const person = createPerson(emulator)
  const form = await person.visit(authorizeUrl(emulator, { client_id, scope, redirect_uri: callback }))
  const next = await person.press(form, 'sign-in', { email: 'user@example.com', password: 'any' })
  const { url } = next.page === undefined ? next : await person.press(next, 'allow')
  const body = { grant_type: 'authorization_code', code: url.searchParams.get('code') ?? '', client_id, client_secret }
  const answer = await fetch(`${emulator.url}/ims/token/v1`, { method: 'POST', body: new URLSearchParams(body) })
  const { refresh_token: token } = (await answer.json()) as { refresh_token: string }
  return { data, refresh: { token, expiry: Date.now() + 86_400_000 } }
}

test('files that imskit makes are for their owner alone', async () => {
  const place = newPlace()
  const program = start('imskit', place)
  for (const local of [true, false]) {
    await program.call('context.set', `machine-${local}`, withoutEndpoint(emulator.contexts.jwt), local)
    await program.call('getToken', `machine-${local}`)
  }
  for (const path of [place.localFile, place.globalFile]) expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('values that an environment variable brings as JSON text, of every kind', async () => {
  const { jwt } = emulator.contexts
  const place = newPlace({
    AIO_IMS_CONTEXTS_A_CLIENT__ID: jwt.client_id,
    AIO_IMS_CONTEXTS_A_CLIENT__SECRET: jwt.client_secret,
    AIO_IMS_CONTEXTS_A_TECHNICAL__ACCOUNT__ID: jwt.technical_account_id,
    AIO_IMS_CONTEXTS_A_META__SCOPES: '["ent_adobeio_sdk"]',
    AIO_IMS_CONTEXTS_A_IMS__ORG__ID: jwt.ims_org_id,
    AIO_IMS_CONTEXTS_A_PRIVATE__KEY: JSON.stringify(jwt.private_key.trim().split('\n')),
  })
  const token = await start('imskit', place).call<string>('getToken', 'a')
  expect(await start('aio-lib-ims', place).call('getToken', 'a')).toBe(token)
})

test('one secret and scopes as plain text, on which `@adobe/aio-lib-ims` crashed', async () => {
  const { client_secrets, ...data } = withoutEndpoint(emulator.contexts.oauth_server_to_server)
  const place = newPlace({
    AIO_IMS_CONTEXTS_A_CLIENT__SECRETS: client_secrets[0] ?? '',
    AIO_IMS_CONTEXTS_A_SCOPES: 'openid, AdobeID',
  })
  const program = start('imskit', place)
  const { scopes: _, ...rest } = data
  await program.call('context.set', 'a', rest)
  expect(await program.call('getToken', 'a')).toEqual(expect.any(String))
  expect(emulator.requests.at(-1)?.params).toMatchObject({ scope: 'openid,AdobeID' })
})

describe.each(Object.keys(libraries) as Library[])(
  'a context that was edited by hand after %s got a token',
  (library) => {
    const edit = (place: Place, change: object) => {
      const content = tree(place.localFile)
      Object.assign(content.ims?.contexts?.machine ?? {}, change)
      writeFileSync(place.localFile, JSON.stringify(content))
    }
    const obtained = async (more: Partial<ProgramOptions> = {}) => {
      const place = newPlace()
      const program = start(library, place, more)
      await program.call('context.set', 'machine', withoutEndpoint(emulator.contexts.oauth_server_to_server), true)
      const token = await program.call<string>('getToken', 'machine')
      return { place, token, asked: (other: Program) => other.call<string>('getToken', 'machine') }
    }

    test('is not given it for another client', async () => {
      const { place, asked } = await obtained()
      edit(place, { client_id: 'nobody' })
      await expect(asked(start('imskit', place))).rejects.toMatchObject({ status: 400, imsError: 'invalid_client' })
    })

    test('is not given it for further scopes', async () => {
      const { place, asked, token } = await obtained()
      edit(place, { scopes: ['openid', 'AdobeID', 'read_organizations', 'email'] })
      expect(await asked(start('imskit', place))).not.toBe(token)
      expect(emulator.requests.at(-1)?.params.scope).toBe('openid,AdobeID,read_organizations,email')
    })

    test('is not given it for another environment, and not the other one for its own', async () => {
      const environments = { stage: stage.url }
      const { place, asked, token } = await obtained(environments)
      const before = { prod: tokenRequests(), stage: tokenRequests(stage) }
      expect(await asked(start('imskit', place, environments))).toBe(token)
      edit(place, { env: 'stage' })
      const other = await asked(start('imskit', place, environments))
      expect(other).not.toBe(token)
      edit(place, { env: undefined })
      expect([token, other]).not.toContain(await asked(start('imskit', place, environments)))
      expect({ prod: tokenRequests(), stage: tokenRequests(stage) }).toEqual({
        prod: before.prod + 1,
        stage: before.stage + 1,
      })
    })

    test.runIf(library === 'imskit')('is not given it for another endpoint', async () => {
      const { place, asked, token } = await obtained()
      edit(place, { endpoint: stage.url })
      expect(await asked(start('imskit', place))).not.toBe(token)
      expect(stage.requests.at(-1)?.path).toBe('/ims/token/v3')
    })

    test('a running program sees the edit when it next looks', async () => {
      const { place, asked } = await obtained()
      const program = start('imskit', place)
      await asked(program)
      edit(place, { client_id: 'nobody' })
      await expect(program.call('getToken', 'machine', { force: true })).rejects.toMatchObject({ status: 400 })
    })
  },
)
