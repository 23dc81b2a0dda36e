import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build, buildSite } from '../kit/build.ts'
import { installedModules } from '../kit/installed.ts'
import { freePort } from '../kit/server.ts'
import { type Block, blocks, blocksOf, isForNewcomers } from './blocks.ts'
import { type ImsOfThePages, startImsOfThePages } from './ims-of-the-pages.ts'
import { asShown } from './quickstarts.ts'
import { startWorker } from './started-worker.ts'

// the first programs for Workers, as a newcomer runs them, and with the failures that users meet

let ims: ImsOfThePages
let folder = ''
beforeAll(async () => {
  await build()
  folder = dirname(await installedModules())
  ims = await startImsOfThePages()
}, 300_000)
afterAll(() => ims?.close())

const found = blocks.filter((block) => isForNewcomers(block) && block.place === 'worker')
/** README has the program of the quickstart. */
const programs = [...new Map(found.map((block) => [block.code, block])).values()]
/** The program of the quickstart with KV. */
const withKv = blocksOf('docs/quickstart-worker.md').find(({ code }) => /kv: env\.TOKENS/.test(code)) as Block

const ask = async (worker: Awaited<ReturnType<typeof startWorker>>) => {
  const answer = await worker.dispatchFetch('https://app.example/')
  return { status: answer.status, text: await answer.text() }
}
const token = expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)

test('there is one program', () => expect(programs).toHaveLength(1))

describe.each(programs.map((block) => [block.at, block] as const))('%s', (_, block) => {
  test('as the site shows it, answers with a token', { timeout: 300_000 }, async () => {
    await buildSite()
    expect(await ask(await startWorker(asShown(block), ims, { folder }))).toEqual({ status: 200, text: token })
  })

  test.each(['CLIENT_ID', 'CLIENT_SECRET'])('says that it is not set up without %s', async (name) => {
    expect(await ask(await startWorker(block, ims, { folder, without: [name] }))).toEqual({
      status: 503,
      text: 'Sign-in is not set up correctly. Please contact the support of this app.',
    })
  })

  test('says so if IMS cannot be reached', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    expect(await ask(await startWorker(block, ims, { folder, endpoint }))).toEqual({
      status: 503,
      text: 'The sign-in service cannot be reached. Please check your internet connection and try again.',
    })
  })

  test('says that it is not set up if the address of IMS is not https', async () => {
    const endpoint = 'http://example.test'
    expect(await ask(await startWorker(block, ims, { folder, endpoint }))).toEqual({
      status: 503,
      text: 'Sign-in is not set up correctly. Please contact the support of this app.',
    })
  })
})

test(`${withKv.at} calls the API if KV fails`, async () => {
  const broken = `
    const refuse = async () => { throw new Error('KV GET failed: 503') }
    export default { fetch: (request, env, ctx) =>
      program.fetch(request, { ...env, TOKENS: { get: refuse, put: refuse, delete: refuse, list: refuse } }, ctx) }`
  const code = withKv.code.replace('export default {', 'const program = {') + broken
  const { status, text } = await ask(await startWorker({ ...withKv, code }, ims, { folder }))
  expect(text).toContain('"client_id":"emulator-server-to-server"')
  expect(status).toBe(200)
})
