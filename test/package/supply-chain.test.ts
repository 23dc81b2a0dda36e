import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'
import { build, root } from '../kit/build.ts'

// what a scan of the package and of its source finds

beforeAll(build, 300_000)

interface Locked {
  readonly integrity?: string
  readonly link?: boolean
  readonly inBundle?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

const json = <T>(path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as T
const manifest = json<{
  dependencies: Record<string, string>
  scripts: Record<string, string>
  peerDependencies: Record<string, string>
}>('package.json')
const { packages } = json<{ packages: Record<string, Locked> }>('package-lock.json')
const runtime = Object.keys(manifest.dependencies)

const filesBelow = (folder: string, ending: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => [name, readFileSync(join(root, folder, name), 'utf8')] as const)

/** The specifiers of all imports of a script; `undefined` for one that is computed. */
function importsIn(name: string, text: string): (string | undefined)[] {
  const found: (string | undefined)[] = []
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest)
  const visit = (node: ts.Node): void => {
    const literal = (each: ts.Node | undefined) =>
      each !== undefined && ts.isStringLiteralLike(each) ? each.text : undefined
    if (ts.isImportDeclaration(node)) found.push(literal(node.moduleSpecifier))
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) found.push(literal(node.moduleSpecifier))
    if (ts.isCallExpression(node)) {
      const called = node.expression
      const named = ts.isIdentifier(called) ? called.text : ''
      if (called.kind === ts.SyntaxKind.ImportKeyword || named === 'require' || named === 'importScripts')
        found.push(literal(node.arguments[0]))
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

describe('dependencies', () => {
  test('at run time are three, of an exact version, and need no others (S93)', () => {
    expect(runtime).toEqual(['idb-keyval', 'jose', 'oauth4webapi'])
    for (const name of runtime) {
      expect(manifest.dependencies[name], name).toMatch(/^\d+\.\d+\.\d+$/)
      const locked = packages[`node_modules/${name}`]
      expect({ ...locked?.dependencies, ...locked?.optionalDependencies }, name).toEqual({})
    }
  })

  test('are all in the lockfile with a hash (S93)', () => {
    const unsure = Object.entries(packages).filter(
      ([path, { integrity, link, inBundle }]) => path !== '' && !link && !inBundle && !integrity?.startsWith('sha512-'),
    )
    expect(unsure.map(([path]) => path)).toEqual([])
  })

  test('and the package itself run nothing when they are installed (S95)', () => {
    const atInstall = /^(?:(?:pre|post)?install|(?:pre|post)?prepare|dependencies)$/
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.test(name))).toEqual([])
    expect(runtime.filter((name) => packages[`node_modules/${name}`]?.hasInstallScript)).toEqual([])
  })
})

describe('the scripts of the package', () => {
  const builtin = new Set(builtinModules)
  const known = (specifier: string | undefined) =>
    specifier !== undefined &&
    (/^\.\.?\//.test(specifier) ||
      specifier.startsWith('node:') ||
      builtin.has(specifier) ||
      [...runtime, ...Object.keys(manifest.peerDependencies)].some(
        (name) => specifier === name || specifier.startsWith(`${name}/`),
      ))

  test('import files of the package, dependencies and parts of Node, and nothing else (S95)', () => {
    const scripts = filesBelow('dist', /\.c?js$/)
    expect(scripts.length).toBeGreaterThan(10)
    const strange = scripts.flatMap(([name, text]) =>
      importsIn(name, text)
        .filter((specifier) => !known(specifier))
        .map((specifier) => `${name}: ${specifier ?? 'a computed import'}`),
    )
    // undici, for proxies, from where the command itself is installed
    expect(strange).toEqual(['node/shared/main.cjs: a computed import'])
    expect(
      importsIn('x.js', 'import("https://cdn.example/x.js"); import(place); importScripts(place)').some(known),
    ).toBe(false)
  })

  test('handle no fetch event of a service worker (S55)', () => {
    const handlers = /addEventListener\(\s*["'`]fetch["'`]|\bonfetch\b|\bFetchEvent\b|\.respondWith\(/
    expect(
      filesBelow('dist', /\.c?js$/)
        .filter(([, text]) => handlers.test(text))
        .map(([name]) => name),
    ).toEqual([])
  })

  // a key, a JWT, a client secret of Adobe, or a literal (not the name of a parameter) for what is called a secret
  const secrets = [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{32}/,
    /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
    /\bp8e?-[\w-]{16,}/i,
    /\bs8e-[\w-]{10,}/,
    /\b(?:client_?secret|private_?key|passphrase|refresh_?token)["']?\s*[:=]\s*(["'`])(?!\1|[a-z]+_[a-z]+\1)[^"'`$<>\s]{6,}\1/i,
  ]
  const holdsSecret = (text: string) => secrets.some((pattern) => pattern.test(text))

  test('hold no secret, but for those of the emulator’s own clients (S71)', () => {
    const files = [
      ...filesBelow('dist', /\.c?js$/),
      ...filesBelow('dist', /\.json$/),
      ...filesBelow('dist', /\.d\.c?ts$/),
    ]
    const holding = files
      .filter(([, text]) => holdsSecret(text.replaceAll(/emulator-[\w-]*secret/g, '')))
      .map(([name]) => name)
    expect(holding).toEqual([])
  })

  test.each([
    ['a key', `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(2)}`],
    ['a token', `const token = 'eyJhbGciOiJSUzI1NiJ9.eyJpZCI6IjE3In0xx.c2lnbmF0dXJlLW9m'`],
    ['a client secret', `client("x", "p8e-abcdefghijklmnopqrst")`],
    ['a member', `{ clientSecret: 'a-real-secret' }`],
  ])('would be caught holding %s', (_, text) => expect(holdsSecret(text)).toBe(true))
})

describe('the source outside the emulator', () => {
  test('names no password: it has no such option, parameter or grant (S25)', () => {
    const naming: string[] = []
    for (const [name, text] of filesBelow('src', /\.ts$/)) {
      if (name.startsWith('emulator/')) continue
      const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
      const visit = (node: ts.Node): void => {
        const own = ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node.parent) ? node.text : ''
        const said = ts.isStringLiteralLike(node) ? node.text : ''
        if (/^(?:user_?name|password|resource_?owner\w*|ropc)$/i.test(own || said))
          naming.push(`${name}: ${own || said}`)
        ts.forEachChild(node, visit)
      }
      visit(source)
    }
    expect(naming).toEqual([])
  })
})
