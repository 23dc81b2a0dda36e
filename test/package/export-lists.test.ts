import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

// which names each entry exports, and whether a program can name the types that those exports use

const root = join(import.meta.dirname, '../..')
const entries = {
  core: 'src/core/exports.ts',
  node: 'src/adapters/node/exports.ts',
  worker: 'src/adapters/worker/exports.ts',
  browser: 'src/adapters/browser/exports.ts',
  'script tag': 'src/adapters/browser/exports-page.ts',
  'script tag, login': 'src/adapters/browser/exports-login.ts',
}
const lists = {
  login: 'src/core/api-login.ts',
  'low-level': 'src/core/api-low-level.ts',
  all: 'src/core/api.ts',
}

const files = [...Object.values(entries), ...Object.values(lists), 'src/core/ports.ts'].map((file) => join(root, file))
const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root)
const program = ts.createProgram(files, { ...options, noEmit: true })
const checker = program.getTypeChecker()

function exportsOf(file: string): Map<string, ts.Symbol> {
  const source = program.getSourceFile(join(root, file))
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} has no exports`)
  return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, resolved(symbol)]))
}

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

const namesOf = (file: string) => [...exportsOf(file).keys()]
const missing = (file: string, list: string) => {
  const exported = new Set(namesOf(file))
  return namesOf(list).filter((name) => !exported.has(name))
}

/** What `src/core/api.ts` adds to the lists for browsers from `src/core/flows`, except the login. */
const secretFlows = [...exportsOf(lists.all)]
  .filter(([name, { flags }]) => flags & ts.SymbolFlags.Function && name !== 'authorizationCode')
  .filter(([, { declarations }]) => declarations?.[0]?.getSourceFile().fileName.includes('/src/core/flows/'))
  .map(([name]) => name)

describe('an entry exports', () => {
  test.each(Object.entries(entries))('%s: everything that a login needs', (_, file) => {
    expect(missing(file, lists.login)).toEqual([])
  })

  test('every port, as a platform of the caller’s own needs their types', () => {
    expect(missing(lists.login, 'src/core/ports.ts')).toEqual([])
  })

  test.each(['core', 'node', 'worker'] as const)('%s: the whole list', (entry) => {
    expect(missing(entries[entry], lists.all)).toEqual([])
  })

  test('browser and script tag: the low-level API, and no flow that needs a secret', () => {
    for (const entry of ['browser', 'script tag'] as const)
      expect(missing(entries[entry], lists['low-level'])).toEqual([])
    expect(secretFlows.length).toBeGreaterThanOrEqual(6)
    expect(namesOf(entries.browser).filter((name) => secretFlows.includes(name))).toEqual([])
  })

  test('under each name of a type the same type as every other entry', () => {
    const places = new Map<string, Set<string>>()
    for (const file of Object.values(entries))
      for (const [name, symbol] of exportsOf(file)) {
        const declaration = symbol.declarations?.[0]?.getSourceFile().fileName
        if (symbol.flags & ts.SymbolFlags.Value || declaration === undefined) continue
        places.set(name, (places.get(name) ?? new Set()).add(declaration))
      }
    expect([...places].filter(([, files]) => files.size > 1).map(([name]) => name)).toEqual([])
  })

  test.each(Object.entries(entries))('%s: every public type that its exports mention', (_, file) => {
    const exported = new Set(exportsOf(file).values())
    const names = new Set(namesOf(file))
    const lacking = [...exported]
      .flatMap(mentionedBy)
      .filter((type) => publicTypes.has(type) && !exported.has(type) && !names.has(type.name))
    expect([...new Set(lacking.map(({ name }) => name))].sort()).toEqual([])
  })
})

/** The types that some entry exports. */
const publicTypes = new Set(Object.values(entries).flatMap((file) => [...exportsOf(file).values()]))

/** The named types of this package that the public signature of `symbol` mentions. */
function mentionedBy(symbol: ts.Symbol): ts.Symbol[] {
  const found: ts.Symbol[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node) || isHidden(node)) return
    const name =
      ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)
        ? checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression)
        : undefined
    const target = name && resolved(name)
    if (target && isOurs(target)) found.push(target)
    // the value of a variable or a default is not part of its type
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && node.initializer) {
      for (const child of [node.name, node.type]) if (child) visit(child)
      return
    }
    ts.forEachChild(node, visit)
  }
  for (const declaration of symbol.declarations ?? []) visit(declaration)
  return found
}

function isHidden(node: ts.Node): boolean {
  const hidden =
    ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  const member = ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node)
  return Boolean(hidden) || (member && ts.isPrivateIdentifier(node.name))
}

/** Types and classes that are declared in a module of this package, not type parameters. */
function isOurs(symbol: ts.Symbol): boolean {
  const named = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class | ts.SymbolFlags.Enum
  const file = symbol.declarations?.[0]?.getSourceFile().fileName
  return Boolean(symbol.flags & named && file?.startsWith(join(root, 'src')))
}
