import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { differences } from './evidence/compare.ts'
import { evidence } from './evidence/index.ts'
import { createProps, type Fill } from './evidence/props.ts'
import { type Call, isKnown, type Row } from './evidence/row.ts'
import { createScene, endpoint, type Scene } from './evidence/scene.ts'

// every row of the table against the emulator: what is documented or recorded, and what the emulator assumes of the rest

let scene: Scene
beforeAll(async () => {
  scene = await createScene()
})
afterEach(() => scene.emulator.setTime(undefined))

async function filled(parameters: Readonly<Record<string, string>> | undefined, fill: Fill) {
  const entries = Object.entries(parameters ?? {}).map(async ([name, value]) => [name, await fill(value)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function bodyOf({ form, json, multipart }: Call, fill: Fill) {
  if (json !== undefined) return JSON.stringify(json)
  if (form === undefined) return undefined
  const fields = await filled(form, fill)
  if (!multipart) return new URLSearchParams(fields)
  const parts = new FormData()
  for (const [name, value] of Object.entries(fields)) parts.set(name, value)
  return parts
}

/** The cookie of a user who signed in at another client. */
async function sessionCookie(): Promise<string> {
  const query = 'client_id=web-app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&scope=openid'
  const response = await scene.emulator.fetch(`${endpoint}/ims/authorize/v2?${query}`)
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

async function requestOf(call: Call, fill: Fill): Promise<Request> {
  const url = new URL(endpoint + call.path)
  for (const [name, value] of Object.entries(await filled(call.query, fill))) url.searchParams.set(name, value)
  const headers = new Headers(call.headers)
  if (call.json !== undefined) headers.set('content-type', 'application/json')
  if (call.basic !== undefined) headers.set('authorization', `Basic ${btoa(call.basic)}`)
  if (call.bearer !== undefined) headers.set('authorization', `Bearer ${await fill(call.bearer)}`)
  if (call.user === 'has not consented') headers.set('cookie', await sessionCookie())
  if (call.user === 'refuses') {
    return new Request(url, { method: 'POST', headers, body: new URLSearchParams({ action: 'cancel' }) })
  }
  const body = await bodyOf(call, fill)
  return new Request(url, { method: call.method, headers, ...(body !== undefined && { body }) })
}

async function replay(row: Row): Promise<string[]> {
  const fill = createProps(scene, row)
  const request = await requestOf(row.call, fill)
  if (row.later !== undefined) scene.emulator.setTime(Date.now() + row.later)
  const response = await scene.emulator.fetch(request)
  const answer = isKnown(row) ? row.answer : row.assumed
  if (answer === undefined) return response.status < 500 ? [] : [`status is ${response.status}`]
  const keys = await (await scene.emulator.fetch(`${endpoint}/ims/keys`)).json()
  return differences(answer, response, { fill, keys })
}

for (const { title, rows, notEmulated } of evidence) {
  if (notEmulated !== undefined) continue
  describe(title, () => {
    test.each(rows.map((row) => [row.id, row] as const))('%s', async (_, row) => {
      expect(await replay(row), `${row.call.method} ${row.call.path}: ${row.fact}`).toEqual([])
    })
  })
}

test('every row has an id of its own', () => {
  const ids = evidence.flatMap(({ rows }) => rows.map(({ id }) => id))
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
})
