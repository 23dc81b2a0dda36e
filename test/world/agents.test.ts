import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../browser/ims.ts'
import { blocksIn } from '../docs/blocks.ts'
import { resultOf, startChild } from '../kit/child.ts'
import { newPlace, type Place } from '../kit/place.ts'
import { manifestsOf, useFramework } from './kit/installed.ts'

// the programs of docs/agents.md, with the official SDK of the Model Context Protocol as client and as server

const project = useFramework('agents')

beforeAll(() => {
  for (const name of ['services.mjs', 'lifetimes.mjs', 'revoked.mjs'])
    cpSync(join(manifestsOf('agents'), name), join(project(), name))
  for (const { words, code } of blocksIn('agents')) {
    const file = words.find((word) => word.startsWith('file='))?.slice('file='.length)
    writeFileSync(join(project(), file ?? 'unnamed.js'), `${code}\n`)
  }
})

/** A user's machine whose current folder is the project. */
function placeHere(context: object = {}): Place {
  const place = newPlace()
  writeFileSync(place.globalFile, JSON.stringify({ ims: { contexts: { 'my-agent': context } } }))
  return { ...place, cwd: project() }
}

describe('an agent renews through three token lifetimes', () => {
  const run = (kind: string) => resultOf<Lifetimes>(startChild(placeHere(), [process.execPath, 'lifetimes.mjs', kind]))
  interface Lifetimes {
    readonly answers: readonly string[]
    readonly calls: number
    readonly refused: number
    readonly tokens: number
    readonly grants: readonly string[]
  }

  test('with a credential of its own', async () => {
    const { answers, calls, refused, tokens, grants } = await run('machine')
    expect([answers, calls, refused]).toEqual([[expect.stringMatching(/ by emulator-server-to-server$/)], 15, 0])
    expect(tokens).toBe(4)
    expect(grants).toEqual(Array(tokens).fill('client_credentials'))
  })

  test('for a user, with refresh tokens that are redeemed once each', async () => {
    const { answers, calls, refused, tokens, grants } = await run('user')
    expect([answers, calls, refused]).toEqual([[expect.stringMatching(/@AdobeID by emulator-public$/)], 15, 0])
    expect(tokens).toBe(4)
    expect(grants).toEqual(['authorization_code', ...Array(tokens - 1).fill('refresh_token')])
  })
})

test('a ready-made agent uses the bridge or the command, and survives tokens that are revoked', async () => {
  const credential = {
    client_id: 'emulator-server-to-server',
    client_secrets: ['emulator-first-secret'],
    technical_account_email: '00000000-0000-4000-8000-000000000000@techacct.adobe.com',
    technical_account_id: 'BBBBBBBBBBBBBBBBBBBBBBBB@techacct.adobe.com',
    scopes: ['openid', 'AdobeID'],
    ims_org_id: '0123456789ABCDEF01234567@AdobeOrg',
  }
  const result = await resultOf(startChild(placeHere(credential), [process.execPath, 'revoked.mjs']))
  const machine = `${credential.technical_account_id} by ${credential.client_id}`
  expect(result).toEqual({
    bridge: { answers: Array(4).fill(machine), tokens: 4, unknown: true },
    command: { names: ['Authorization', 'x-api-key', 'x-gw-ims-org-id'], answer: machine },
    own: machine,
    refused: [
      [
        401,
        expect.stringMatching(
          /^Bearer realm="api".* resource_metadata="http:[^"]+\/\.well-known\/oauth-protected-resource\/mcp"/,
        ),
      ],
      [401, expect.stringContaining('error="invalid_token"')],
    ],
    found: [true, true, true],
  })
})

test('the server of the page starts in Node, and rejects requests without a token', async () => {
  const port = String(await freePort())
  const place = placeHere()
  const env = { ...place.env, PORT: port, AGENT_CLIENT_ID: 'agent' }
  startChild({ ...place, env }, [process.execPath, 'main.js'])
  const status = () =>
    fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST' }).then(
      ({ status }) => status,
      () => 0,
    )
  await expect.poll(status).toBe(401)
})
