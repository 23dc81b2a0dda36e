import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { homeless, namesOfFragments, snippetsOf } from '../../docs/snippets.ts'
import { compilers } from '../../kit/type-check.ts'
import { typeScript, type Version, versions } from './compilers.ts'
import { bareProject, edit, root, useProjects, write } from './projects.ts'

// the blocks of README and docs for Node, in new projects of `tsc --init` and in an action of App Builder in CommonJS

const projects = useProjects()
const snippets = snippetsOf('node')
const actions = snippetsOf('commonjs')
const uses = [
  '@types/node',
  'vitest',
  'playwright',
  'ioredis',
  'unstorage',
  'undici',
  'hono',
  'express',
  '@types/express',
]

/** As options of the compiler, for ES modules. */
const modules: Readonly<Record<string, readonly string[]>> = {
  node16: ['--module', 'node16'],
  nodenext: ['--module', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
}
/** The resolution before `exports`: TypeScript 6 gives it up, 7 does not have it. */
const node10 = ['--module', 'esnext', '--moduleResolution', 'node', '--allowSyntheticDefaultImports']

const resolutionsOf = (version: Version, all: typeof modules) => (Number(version) < 6 ? { ...all, node: node10 } : all)

/** What `tsc --init` makes, with what it says to uncomment in a project for Node. */
async function nodeProject(version: Version): Promise<string> {
  const folder = projects.folder(`node-${version}`)
  bareProject(folder, { name: 'program', private: true, type: 'module' }, uses)
  await promisify(execFile)(process.execPath, [join(root, 'node_modules', compilers[version]), '--init'], {
    cwd: folder,
  })
  edit(join(folder, 'tsconfig.json'), (text) =>
    text
      .replace('"types": [],', '')
      .replace('// "lib": ["esnext"],', '"lib": ["esnext"],')
      .replace('// "types": ["node"],', '"types": ["node"],'),
  )
  write(folder, [...snippets, { at: '', file: 'names-of-node.ts', source: namesOfFragments.node ?? '' }])
  return folder
}

test('every block of code belongs to a project', () => expect(homeless()).toEqual([]))

describe.each(versions)('a project of TypeScript %s', (version) => {
  let folder: Promise<string>
  const made = () => (folder ??= nodeProject(version))

  test.each(Object.entries(resolutionsOf(version, modules)))('compiles: %s', async (_, options) => {
    expect(await typeScript(version, await made(), '-p', '.', ...options)).toEqual([])
  })

  test('does not compile what is wrong', async () => {
    const source = "import { browserPlatform } from 'imskit/node'\nbrowserPlatform()\n"
    write(await made(), [{ at: '', file: 'wrong.ts', source }])
    expect(await typeScript(version, await made(), '-p', '.')).toEqual([expect.stringMatching(/wrong\.ts/)])
  })
})

/** An action as App Builder runs it; `actions` has this one and those of the documentation. */
const action = `
const { clientCredentials, context, createClient, getToken, isImsError, nodePlatform } = require('imskit/node')

/** @param {{ CLIENT_ID: string, CLIENT_SECRET: string, ORG_ID: string, __ow_headers: Record<string, string> }} params */
async function main(params) {
  const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, ORG_ID: orgId } = params
  try {
    await context.set('action', { client_id: clientId, client_secrets: [clientSecret], ims_org_id: orgId })
    const flow = clientCredentials({ clientId, clientSecret, scopes: ['openid'], orgId })
    const ims = createClient({ flow, ...nodePlatform() })
    /** @type {string[]} */
    const tokens = [await getToken('action'), await ims.getToken()]
    return { statusCode: 200, body: { tokens: tokens.length } }
  } catch (error) {
    return { statusCode: 500, body: { error: isImsError(error) ? error.code : 'unknown' } }
  }
}

exports.main = main
`

describe.each(versions)('an action in CommonJS, checked by TypeScript %s', (version) => {
  const common: typeof modules = {
    node16: ['--module', 'node16'],
    nodenext: ['--module', 'nodenext'],
    bundler: ['--module', 'preserve', '--moduleResolution', 'bundler'],
    ...(Number(version) < 6 && { node: ['--module', 'commonjs', '--moduleResolution', 'node'] }),
  }
  let folder = ''
  beforeAll(() => {
    folder = projects.folder(`action-${version}`)
    bareProject(folder, { name: 'actions', private: true, version: '0.0.1' }, ['@types/node'])
    const compilerOptions = { checkJs: true, strict: true, target: 'es2022', lib: ['es2023'], types: ['node'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['actions'] }))
    write(join(folder, 'actions'), [...actions, { at: '', file: 'index.js', source: action }])
  })

  test.each(Object.entries(common))('compiles: %s', async (_, options) => {
    expect(await typeScript(version, folder, '-p', '.', ...options)).toEqual([])
  })

  test('does not compile what is wrong', async () => {
    const source = "const { getToken } = require('imskit')\ngetToken(12)\n"
    write(join(folder, 'actions'), [{ at: '', file: 'wrong.js', source }])
    expect(await typeScript(version, folder, '-p', '.', '--module', 'nodenext')).toEqual([
      expect.stringMatching(/wrong\.js/),
    ])
  })
})

test('there are blocks', () => {
  expect(snippets.length).toBeGreaterThan(20)
  expect(actions.length).toBeGreaterThan(2)
})
