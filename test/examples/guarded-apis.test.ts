import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createClient, jwtBearer, memoryPlatform } from '../../src/core/index.ts'
import type { RunningEmulator } from '../../src/emulator/index.ts'
import { build } from '../kit/build.ts'
import { fromExamples, runUntil, type Started, startExample } from './example.ts'

beforeAll(build, 300_000)

/** A token that IMS issued to another client. */
function tokenOfAnother({ contexts: { jwt }, url }: RunningEmulator): Promise<string> {
  const flow = jwtBearer({
    clientId: jwt.client_id,
    clientSecret: jwt.client_secret,
    technicalAccountId: jwt.technical_account_id,
    orgId: jwt.ims_org_id,
    metaScopes: jwt.meta_scopes,
    privateKey: jwt.private_key,
  })
  return createClient({ flow, endpoint: url, ...memoryPlatform() }).getToken()
}

describe.each(['express-api', 'hono-worker'])('examples/%s', (name) => {
  let api: Started
  let takeToken: (emulator: RunningEmulator, scopes?: string[]) => Promise<string>

  beforeEach(async () => {
    const module = await fromExamples<{ takeToken: typeof takeToken }>('caller.mjs')
    takeToken = module.takeToken
    api = await startExample(name)
    return () => api.close()
  })

  const me = (authorization?: string) =>
    fetch(`${api.url}api/me`, authorization === undefined ? {} : { headers: { authorization } })

  test('anyone reads what is open, and a caller with a token what is not', async () => {
    expect(await (await fetch(api.url)).text()).toContain('Anyone')
    const answer = await me(`Bearer ${await takeToken(api.emulator)}`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      user: expect.stringMatching(/@techacct\.adobe\.com$/),
      client: 'emulator-server-to-server',
      scope: 'openid,AdobeID',
    })
  })

  test('a request without a valid token gets the reason, by RFC 6750', async () => {
    const token = await takeToken(api.emulator)
    const forged = `${token.slice(0, -8)}AAAAAAAA`
    const cases: [string | undefined, number, RegExp][] = [
      [undefined, 401, /^Bearer realm="api"$/],
      ['Basic dXNlcjpwYXNz', 401, /^Bearer realm="api"$/],
      ['Bearer a b', 400, /error="invalid_request"/],
      [`Bearer ${forged}`, 401, /error="invalid_token"/],
      [`Bearer ${await tokenOfAnother(api.emulator)}`, 401, /error="invalid_token"/],
      [`Bearer ${await takeToken(api.emulator, ['AdobeID'])}`, 403, /error="insufficient_scope".*scope="openid"/],
    ]
    for (const [authorization, status, challenge] of cases) {
      const answer = await me(authorization)
      expect({ authorization, status: answer.status }).toEqual({ authorization, status })
      expect(answer.headers.get('www-authenticate')).toMatch(challenge)
      expect(await answer.text()).not.toContain('@techacct')
    }
  })

  test('one command starts it and says how to call it', async () => {
    const refused = await runUntil(/curl -i (http\S+)$/, `${name}/start.mjs`)
    expect((await fetch(refused)).status).toBe(401)
    const [, token, url] =
      (await runUntil(/curl -i -H '(.+)$/, `${name}/start.mjs`)).match(/^Authorization: (.+)' (\S+)$/) ?? []
    expect((await fetch(url ?? '', { headers: { authorization: token ?? '' } })).status).toBe(200)
  })
})
