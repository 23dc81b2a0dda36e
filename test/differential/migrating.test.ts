import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, root } from '../kit/build.ts'
import { newPlace } from '../kit/place.ts'
import { settled } from './compare.ts'
import { type Intended, intended } from './intended.ts'
import { type RecordedIms, startRecordedIms } from './recorder.ts'

// what docs/migrating.md says is run as it stands there, the code of the old libraries with their published packages

const page = join(root, 'docs', 'migrating.md')
const text = readFileSync(page, 'utf8')
const blocks = [...text.matchAll(/^```(js.*)\n([\s\S]*?)^```$/gm)]
  .map(([, info = '', code = '']) => ({ info, code }))
  // imslib cannot be installed; test/docs runs the program that replaces it
  .filter(({ info }) => info !== 'js page')
const pairs = blocks.flatMap(({ info, code }, index) =>
  info === 'js before' ? [{ before: code, after: blocks[index + 1]?.code ?? '' }] : [],
)

let ims: RecordedIms
beforeAll(async () => {
  await build()
  ims = await startRecordedIms()
}, 300_000)
afterAll(() => ims.close())

/** A project with everything installed that a snippet imports. */
function newProject() {
  const place = newPlace()
  const require = createRequire(fileURLToPath(import.meta.resolve('@adobe/aio-lib-ims')))
  const packages = {
    imskit: root,
    '@adobe/aio-lib-ims': join(root, 'node_modules/@adobe/aio-lib-ims'),
    '@adobe/aio-lib-core-auth': join(root, 'node_modules/@adobe/aio-lib-core-auth'),
    '@adobe/auth-token': join(root, 'node_modules/@adobe/auth-token'),
    '@adobe/jwt-auth': join(root, 'node_modules/@adobe/jwt-auth'),
    jsonwebtoken: dirname(require.resolve('jsonwebtoken/package.json')),
  }
  for (const [name, path] of Object.entries(packages)) {
    const link = join(place.cwd, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(path, link)
  }
  return place
}

const fixture = (name: string) => fileURLToPath(new URL(name, import.meta.url))

async function run(code: string, variables: Record<string, string>): Promise<unknown> {
  const place = newProject()
  const file = join(place.cwd, code.startsWith('import ') ? 'snippet.mjs' : 'snippet.cjs')
  // an assertion names the IMS that it is for, so that a name which leads elsewhere is not enough; metascopes are names
  writeFileSync(file, code.replaceAll(/https:\/\/ims-na1\.adobelogin\.com(?!\/s\/)/g, ims.url))
  const preloads = ['../kit/fixtures/redirect-requests.cjs', 'fixtures/redirect-fetch.cjs']
  const flags = preloads.flatMap((name) => ['--require', fixture(name)])
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file], {
    cwd: place.cwd,
    env: {
      ...place.env,
      ...variables,
      AIO_IMS_CONFIG_ENDPOINT: ims.url,
      PROOF_PROD: ims.url,
      PROOF_STAGE: ims.url,
    },
  })
  return settled(stdout, {})
}

async function variablesFor(code: string): Promise<Record<string, string>> {
  const { jwt, oauth_server_to_server: server } = ims.contexts
  if (/jsonwebtoken|jwt-auth/.test(code)) {
    return {
      CLIENT_ID: jwt.client_id,
      CLIENT_SECRET: jwt.client_secret,
      ORG_ID: jwt.ims_org_id,
      TECHNICAL_ACCOUNT_ID: jwt.technical_account_id,
      PRIVATE_KEY: jwt.private_key,
    }
  }
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: server.client_id,
    client_secret: server.client_secrets[0] ?? '',
    scope: 'openid',
  })
  const answer = await ims.fetch(`${ims.url}/ims/token/v3`, { method: 'POST', body })
  return {
    CLIENT_ID: server.client_id,
    CLIENT_SECRET: server.client_secrets[0] ?? '',
    ORG_ID: server.ims_org_id,
    TECHNICAL_ACCOUNT_ID: server.technical_account_id,
    TECHNICAL_ACCOUNT_EMAIL: server.technical_account_email,
    TOKEN: ((await answer.json()) as { access_token: string }).access_token,
  }
}

describe('docs/migrating.md', () => {
  test('has only pairs of code', () => {
    expect(blocks.map(({ info }) => info)).toEqual(pairs.flatMap(() => ['js before', 'js after']))
    expect(pairs.length).toBeGreaterThanOrEqual(7)
  })

  test.each(pairs)('before and after print the same: $before', { timeout: 60_000 }, async ({ before, after }) => {
    const variables = await variablesFor(before)
    const printed = await run(before, variables)
    expect(printed).toMatch(/\S/)
    expect(await run(after, variables)).toBe(printed)
  })

  test('its table is the table of intended differences', () => {
    const wanted = `<!-- differences -->\n${tableOf(intended)}\n<!-- /differences -->`
    const marked = /<!-- differences -->[\s\S]*<!-- \/differences -->/
    if (process.env.IMSKIT_WRITE_DOCS)
      writeFileSync(
        page,
        text.replace(marked, () => wanted),
      )
    expect(marked.exec(readFileSync(page, 'utf8'))?.[0]).toBe(wanted)
  })

  test('its differences from core-auth are the tests that show them', () => {
    const [, shown = ''] = readFileSync(join(root, 'test/differential/core-auth.test.ts'), 'utf8').split(
      "different', () => {",
    )
    const titles = [...shown.matchAll(/^ {2}test\('(.+)', async/gm)].map(([, title]) => title)
    const [, table = ''] = /<!-- core-auth -->([\s\S]*)<!-- \/core-auth -->/.exec(text) ?? []
    const rows = [...table.matchAll(/^\| (.+?) \| .+ \|$/gm)].map(([, difference]) => difference).slice(1)
    expect(titles.length).toBeGreaterThan(5)
    expect(rows).toEqual(titles)
  })

  test('names tests that are there', () => {
    const named = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => path)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

function tableOf(entries: readonly Intended[]): string {
  const rows = entries.map(({ id, difference, why, test: other }) => {
    const tests = ['`test/differential`', ...(other === undefined ? [] : [`\`${other}\``])].join(', ')
    return `| ${id} | ${difference} | ${why} | ${tests} |`
  })
  const head = '| name | difference | why | shown by |\n|---|---|---|---|'
  return [head, ...rows].join('\n')
}
