import { execFile } from 'node:child_process'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientCredentials, createClient, nodePlatform } from '../../src/adapters/node/index.ts'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { startChild } from '../kit/child.ts'
import { newPlace } from '../kit/place.ts'
import { manifestsOf, useFramework } from './kit/installed.ts'

// a Next app, built for production; its standalone server is run alone in an empty folder

const project = useFramework('next')
let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
  for (const name of ['app', 'next.config.mjs', 'middleware.js']) {
    cpSync(join(manifestsOf('next'), name), join(project(), name), { recursive: true })
  }
})
afterAll(() => emulator?.close())

interface Variant {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const variants: readonly (readonly [name: string, variant: Variant])[] = [
  ['turbopack', {}],
  ['turbopack, imskit in serverExternalPackages', { env: { NOT_BUNDLED: 'imskit' } }],
]

/** Builds the app; what was printed. */
async function build({ args = [], env = {} }: Variant): Promise<string> {
  rmSync(join(project(), '.next'), { recursive: true, force: true })
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [join(project(), 'node_modules/next/dist/bin/next'), 'build', ...args],
    { cwd: project(), env: { ...newPlace(env).env, NEXT_TELEMETRY_DISABLED: '1' } },
  )
  return `${stdout}${stderr}`
}

/** A port that is free now: the server prints the one that it is given, not the one that it got. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs the built server; its address. */
async function serve(): Promise<string> {
  const data = emulator.contexts.oauth_server_to_server
  const port = await freePort()
  const place = newPlace({
    NODE_ENV: 'production',
    HOSTNAME: '127.0.0.1',
    PORT: String(port),
    AIO_IMS_CONFIG_ENDPOINT: emulator.url,
    CONTEXT: JSON.stringify(data),
  })
  cpSync(join(project(), '.next/standalone'), place.cwd, { recursive: true })
  expect(readdirSync(place.cwd)).toContain('server.js')
  await startChild(place, [process.execPath, 'server.js']).said(/Ready in/)
  return `http://127.0.0.1:${port}`
}

const asked = () => emulator.requests.filter(({ path }) => path.startsWith('/ims/token')).length

/** A token of the client that the middleware lets through. */
function tokenOfCaller(): Promise<string> {
  const { endpoint, ...data } = emulator.contexts.oauth_server_to_server
  const [clientSecret = ''] = data.client_secrets
  const flow = clientCredentials({
    ...{ clientId: data.client_id, clientSecret, scopes: data.scopes, orgId: data.ims_org_id },
  })
  return createClient({ flow, endpoint, ...nodePlatform() }).getToken()
}

describe.each(variants)('a Next app built by %s', (_, variant) => {
  test('gets tokens in a server component, a route handler, edge routes and middleware', {
    timeout: 400_000,
  }, async () => {
    const printed = await build(variant)
    // webpack warns of jose, which has a stream for JWE that the edge runtime lacks and imskit does not use
    expect(printed).not.toMatch(/Module not found|node_modules\/imskit\S*\nA Node\.js/)
    const url = await serve()
    const client = emulator.contexts.oauth_server_to_server.client_id
    const authorization = `Bearer ${await tokenOfCaller()}`
    const before = asked()
    const page = await (await fetch(url)).text()
    // React separates text from a value by a comment
    expect(page.replaceAll('<!-- -->', '')).toContain(`The client is ${client}.`)
    expect(page).toContain('>Sign in</button>')
    expect((await fetch(`${url}/token`)).status).toBe(401)
    for (const path of ['/token', '/edge', '/edge-entry']) {
      const response = await fetch(`${url}${path}`, { headers: { authorization } })
      expect([path, await response.json()]).toEqual([path, { client }])
    }
    expect(asked()).toBe(before + 4)
  })
})
