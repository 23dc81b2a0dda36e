import { posix } from 'node:path'
import ts from 'typescript'
import { eachNode, linesOf, type SourceText } from './sources.ts'

/** A file, and what is wrong in it. */
export type Finding = readonly [file: string, what: string]

const lineOf = (tree: ts.SourceFile, position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1

/** Files of more than `most` lines. */
export function longFiles(sources: readonly Pick<SourceText, 'file' | 'text'>[], most: number): Finding[] {
  return sources
    .filter(({ text }) => linesOf(text) > most)
    .map(({ file, text }) => [file, `${linesOf(text)} lines, at most ${most}`])
}

type WithBody = ts.FunctionLikeDeclaration & { readonly body: ts.Node }

function functionsOf({ tree }: SourceText): WithBody[] {
  const found: WithBody[] = []
  eachNode(tree, (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) found.push(node as WithBody)
  })
  return found
}

function nameOf(node: ts.Node): string {
  if ('name' in node && node.name !== undefined) return (node.name as ts.Node).getText()
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  const { parent } = node
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'a function'
}

/** Functions and methods of more than `most` lines, those inside of other functions too. */
export function longFunctions(sources: readonly SourceText[], most: number): Finding[] {
  return sources.flatMap((source) =>
    functionsOf(source).flatMap((node): Finding[] => {
      const [first, last] = [lineOf(source.tree, node.getStart()), lineOf(source.tree, node.end)]
      const length = last - first + 1
      return length > most ? [[source.file, `line ${first}: ${nameOf(node)} has ${length} lines, at most ${most}`]] : []
    }),
  )
}

/** The public methods of these classes have the signatures of `@adobe/aio-lib-ims`. */
const fixedSignatures: readonly string[] = ['Ims', 'ValidationCache']

function hasFixedSignature(node: ts.Node): boolean {
  if (!ts.isMethodDeclaration(node) && !ts.isConstructorDeclaration(node)) return false
  const isPrivate = ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)
  const owner = ts.isClassLike(node.parent) ? node.parent.name?.text : undefined
  return isPrivate === 0 && owner !== undefined && fixedSignatures.includes(owner)
}

/** Functions with more than `most` positional parameters; callbacks have the signatures of whoever calls them. */
export function manyParameters(sources: readonly SourceText[], most: number): Finding[] {
  return sources.flatMap((source) =>
    functionsOf(source).flatMap((node): Finding[] => {
      const isCallback = ts.isCallExpression(node.parent) || ts.isNewExpression(node.parent)
      if (isCallback || hasFixedSignature(node)) return []
      const count = node.parameters.filter(({ name }) => name.getText() !== 'this').length
      const line = lineOf(source.tree, node.getStart())
      return count > most
        ? [[source.file, `line ${line}: ${nameOf(node)} has ${count} parameters, at most ${most}`]]
        : []
    }),
  )
}

/** `as never`, `as any` and `as unknown as`, which switch the types off. */
export function casts(sources: readonly SourceText[]): Finding[] {
  return sources.flatMap(({ file, tree }) => {
    const found: Finding[] = []
    eachNode(tree, (node) => {
      if (!ts.isAsExpression(node)) return
      const { kind } = node.type
      const inner = ts.isParenthesizedExpression(node.expression) ? node.expression.expression : node.expression
      const throughUnknown = ts.isAsExpression(inner) && inner.type.kind === ts.SyntaxKind.UnknownKeyword
      if (kind !== ts.SyntaxKind.NeverKeyword && kind !== ts.SyntaxKind.AnyKeyword && !throughUnknown) return
      found.push([file, `line ${lineOf(tree, node.getStart())}: ${node.getText().replace(/\s+/g, ' ').slice(0, 80)}`])
    })
    return found
  })
}

const isExported = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) && Boolean(ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))

const boundNames = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)))

/** The names that a file declares and exports: by `export` before the declaration or in a list, but not from elsewhere. */
export function exportedNames({ tree }: SourceText): string[] {
  const names = tree.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) return listedNames(tree, statement)
    if (!isExported(statement)) return []
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name))
    }
    const { name } = statement as ts.DeclarationStatement
    return name === undefined ? [] : [name.getText()]
  })
  return [...new Set(names)]
}

/** The names in `export { … }` without `from`, unless they were imported. */
function listedNames(tree: ts.SourceFile, { exportClause, moduleSpecifier }: ts.ExportDeclaration): string[] {
  if (moduleSpecifier !== undefined || exportClause === undefined || !ts.isNamedExports(exportClause)) return []
  const imported = new Set(
    tree.statements.filter(ts.isImportDeclaration).flatMap(({ importClause }) => {
      const named = importClause?.namedBindings
      const names = named !== undefined && ts.isNamedImports(named) ? named.elements.map(({ name }) => name.text) : []
      return importClause?.name === undefined ? names : [...names, importClause.name.text]
    }),
  )
  return exportClause.elements
    .filter(({ name, propertyName }) => !imported.has((propertyName ?? name).getText()))
    .map(({ name }) => name.text)
}

/** Every file that declares an exported name which another file declares as well. */
export function doubledNames(sources: readonly SourceText[], overrides: Readonly<Record<string, string>>): Finding[] {
  const declared = new Map<string, string[]>()
  for (const source of sources) {
    for (const name of exportedNames(source)) declared.set(name, [...(declared.get(name) ?? []), source.file])
  }
  return [...declared]
    .filter(([name, files]) => files.length > 1 && !Object.hasOwn(overrides, name))
    .flatMap(([name, files]) =>
      files.map(
        (file): Finding => [file, `${name} is declared in ${files.filter((other) => other !== file).join(', ')} too`],
      ),
    )
}

/** The files that each file imports, types and dynamic imports included. */
function importsOf({ file, tree }: SourceText): string[] {
  const found: string[] = []
  const add = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteral(node) && node.text.startsWith('.')) {
      found.push(posix.join(posix.dirname(file), node.text))
    }
  }
  eachNode(tree, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0])
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
  })
  return found
}

/** The files that lie on a circle of imports, each with the way back to itself. */
export function circles(sources: readonly SourceText[]): Finding[] {
  const graph = new Map(sources.map((source) => [source.file, importsOf(source)]))
  return sources.flatMap(({ file }): Finding[] => {
    const way = wayBack(graph, file)
    return way === undefined ? [] : [[file, way.join(' -> ')]]
  })
}

/** The shortest way along imports from `start` to itself. */
function wayBack(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const seen = new Set<string>()
  const ways = [[start]]
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [...way, start]
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return undefined
}

/** Where the sources of a folder of unit tests are. */
const rooms: readonly (readonly [tests: string, sources: string])[] = [
  ['test/core/', 'src/core/'],
  ['test/emulator/', 'src/emulator/'],
  ['test/cli/', 'src/adapters/node/cli/'],
  ['test/node/', 'src/adapters/node/'],
  ['test/browser/', 'src/adapters/browser/'],
  ['test/worker/', 'src/adapters/worker/'],
]

/**
 * Unit tests that no source file leads to. `src/core/login/start.ts` has `test/core/login/start.test.ts`, or several by
 * topic: `start-errors.test.ts`, or a folder `start/`. A folder of sources may have a test of its name.
 */
export function lostTests(tests: readonly string[], sources: readonly string[], topics: readonly string[]): Finding[] {
  const names = new Set(
    sources.flatMap((file) => {
      const path = file.replace(/\.tsx?$/, '')
      return [path, posix.dirname(path)]
    }),
  )
  const isFound = (path: string): boolean => {
    if (names.has(path) || (names.has(posix.dirname(path)) && topicOf(path, names))) return true
    // a folder named after a source file
    const folder = posix.dirname(path)
    return sources.includes(`${folder}.ts`)
  }
  return tests
    .filter((test) => !topics.includes(test))
    .flatMap((test): Finding[] => {
      const room = rooms.find(([folder]) => test.startsWith(folder))
      if (room === undefined) return []
      const path = room[1] + test.slice(room[0].length).replace(/\.test\.tsx?$/, '')
      return isFound(path) ? [] : [[test, `no ${path}.ts`]]
    })
}

/** Whether `path` is the name of a source file with words added: `session-renewal` for `session`. */
function topicOf(path: string, names: ReadonlySet<string>): boolean {
  const words = path.split('-')
  return words.some((_, index) => index > 0 && names.has(words.slice(0, index).join('-')))
}
