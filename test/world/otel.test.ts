import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEmulator, startEmulator } from '../../src/emulator/index.ts'
import { blocksIn } from '../docs/blocks.ts'
import { resultOf, startChild } from '../kit/child.ts'
import { newPlace } from '../kit/place.ts'
import { manifestsOf, useFramework } from './kit/installed.ts'

// the recipe of docs/operations.md with the SDK of OpenTelemetry and its exporters in memory

const project = useFramework('otel')
let emulator: RunningEmulator

beforeAll(async () => {
  emulator = await startEmulator()
  cpSync(join(manifestsOf('otel'), 'program.mjs'), join(project(), 'program.mjs'))
  const [recipe] = blocksIn('recipe').filter(({ words }) => words.includes('of=otel'))
  writeFileSync(join(project(), 'tracing.mjs'), recipe?.code ?? '')
})
afterAll(() => emulator?.close())

interface Told {
  readonly failed: string
  readonly spans: readonly {
    readonly name: string
    readonly id: string
    readonly parent?: string
    readonly attributes: Readonly<Record<string, unknown>>
    readonly failed: boolean
    readonly ms: number
  }[]
  readonly metrics: readonly { readonly name: string; readonly points: readonly object[] }[]
}

test('spans and metrics of renewals, under the span of the caller', async () => {
  const { client_id: clientId, client_secrets: clientSecret, scopes } = emulator.contexts.oauth_server_to_server
  emulator.fault({ path: '/ims/token', status: 503 })
  emulator.fault({ path: '/ims/token', headers: { 'x-processed': 'as usual' } })
  emulator.fault({ path: '/ims/token', status: 400, body: { error: 'invalid_scope' } })
  const given = JSON.stringify({ endpoint: emulator.url, credential: { clientId, clientSecret, scopes } })
  const child = startChild(newPlace(), [process.execPath, join(project(), 'program.mjs'), given])
  const { failed, spans, metrics } = await resultOf<Told>(child)
  expect(failed).toBe('HTTP_ERROR')
  const named = (name: string) => spans.filter((span) => span.name === name)
  const [caller] = named('handle request')
  const [renewal, refused] = named('imskit renewing')
  const requests = named('POST /ims/token/v3')
  expect(renewal).toMatchObject({ parent: caller?.id, failed: false })
  expect(refused?.failed).toBe(true)
  expect(
    requests.map(({ parent, failed, attributes }) => [parent, failed, attributes['http.response.status_code']]),
  ).toEqual([
    [renewal?.id, true, 503],
    [renewal?.id, false, 200],
    [refused?.id, true, 400],
  ])
  expect(requests[1]?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.request.resend_count': 1,
    'ims.request_id': expect.any(String),
  })
  expect(renewal?.attributes['ims.request_id']).toBe(requests[1]?.attributes['ims.request_id'])
  expect(renewal?.ms).toBeGreaterThanOrEqual(requests[1]?.ms ?? 0)
  expect(metrics).toContainEqual({
    name: 'imskit.operation.duration',
    points: [
      { attributes: { name: 'renewing', outcome: 'ok' }, count: 1 },
      { attributes: { name: 'renewing', outcome: 'HTTP_ERROR' }, count: 1 },
    ],
  })
  expect(JSON.stringify(spans)).not.toMatch(/eyJ|client_secret/)
})
