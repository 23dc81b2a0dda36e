import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { namesOfFragments, snippetsOf } from '../../docs/snippets.ts'
import { typeScript, versions } from './compilers.ts'
import { edit, useProjects, workerProject, write } from './projects.ts'

// the blocks of README and docs for workers, in a new project of create-cloudflare with @cloudflare/workers-types

const projects = useProjects()
const snippets = snippetsOf('worker')
let folder = ''

beforeAll(() => {
  folder = projects.folder('worker')
  workerProject(folder, {
    CLIENT_ID: 'string',
    CLIENT_SECRET: 'string',
    IMS_ENDPOINT: 'string',
    ORG_ID: 'string',
    IMS_CLIENT_ID: 'string',
    IMS_CLIENT_SECRET: 'string',
    ENCRYPTION_SECRET: 'string',
    SESSION_SECRET: 'string',
    TOKENS: 'KVNamespace',
    IMS: 'DurableObjectNamespace',
    ASSETS: 'Fetcher',
  })
  const types = '"types": ["@cloudflare/workers-types"],'
  edit(join(folder, 'tsconfig.json'), (text) => text.replace('"lib": ["es2024"],', `"lib": ["es2024"],\n${types}`))
  write(join(folder, 'src/docs'), [
    ...snippets,
    { at: '', file: 'names-of-worker.ts', source: namesOfFragments.worker ?? '' },
  ])
}, 300_000)

test('there are blocks', () => expect(snippets.length).toBeGreaterThan(6))

test.each(versions)('compiles with TypeScript %s', async (version) => {
  expect(await typeScript(version, folder, '-p', '.')).toEqual([])
})

test('does not compile what is wrong', async () => {
  const source = "import { kvStore } from 'imskit/worker'\nkvStore(12)\n"
  write(join(folder, 'src/docs'), [{ at: '', file: 'wrong.ts', source }])
  expect(await typeScript(7, folder, '-p', '.')).toEqual([expect.stringMatching(/wrong\.ts/)])
})
