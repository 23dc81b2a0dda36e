import type { Node } from '@babel/types'
import { bare, callOf, memberOf, nameOf, type Place, textOf } from './syntax.ts'

/** How a specifier is used: to load the module, to replace it in tests, or to declare its types. */
export type Role = 'load' | 'mock' | 'declare'

/** Functions that load the module that their first argument names. */
const loaders = new Set(['require', '__non_webpack_require__', 'requireActual', 'requireMock', 'createRequire()'])
const loadingMethods: Readonly<Record<string, readonly string[]>> = {
  require: ['resolve', 'resolveWeak'],
  module: ['require'],
  'import.meta': ['resolve'],
  jest: ['requireActual', 'requireMock', 'createMockFromModule', 'genMockFromModule'],
  vi: ['importActual', 'importMock'],
  vitest: ['importActual', 'importMock'],
}
/** Functions that replace the module that their first argument names. */
const mockers = new Set(['mock', 'mockRequire', 'quibble', 'rewiremock'])
const jest = [
  'mock',
  'unmock',
  'doMock',
  'dontMock',
  'deepUnmock',
  'setMock',
  'unstable_mockModule',
  'unstable_unmockModule',
]
const vitest = ['mock', 'unmock', 'doMock', 'doUnmock']
const mockingMethods: Readonly<Record<string, readonly string[]>> = {
  jest,
  vi: vitest,
  vitest,
  mock: ['module', 'stop', 'reRequire'],
  mockRequire: ['stop', 'reRequire'],
  td: ['replace', 'replaceEsm'],
  testdouble: ['replace', 'replaceEsm'],
  quibble: ['esm'],
  mockery: ['registerMock', 'registerSubstitute', 'registerAllowable', 'deregisterMock', 'deregisterAllowable'],
}
/** Functions that take an object with a stub for each specifier. */
const stubbers = /^(?:proxyquire|proxyquireStrict|esmock|rewiremock|sandboxed?Module)$/i

/** Names in a file that refer to a `require` function, such as the result of `createRequire(…)`. */
export type Requires = ReadonlySet<string>

/** How the literal at `place` is used; `undefined` if it is not a specifier. */
export function roleOf(place: Place, requires: Requires): Role | undefined {
  const { key, index, parent } = place
  switch (parent?.node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
      return key === 'source' ? 'load' : undefined
    case 'TSExternalModuleReference':
    case 'TSImportType':
      return 'load'
    case 'TSLiteralType':
      return parent.parent?.node.type === 'TSImportType' ? 'load' : undefined
    case 'TSModuleDeclaration':
      return 'declare'
    case 'CallExpression':
    case 'OptionalCallExpression':
      return key === 'arguments' && index === 0 ? roleOfCall(parent.node, requires) : undefined
    case 'ObjectProperty':
      return key === 'key' && isStubMap(parent.parent) ? 'mock' : undefined
    default:
      return undefined
  }
}

function roleOfCall(node: Node, requires: Requires): Role | undefined {
  const callee = callOf(node)?.callee
  if (callee === undefined) return undefined
  const name = callee.type === 'Identifier' ? callee.name : isCreateRequire(callee) ? 'createRequire()' : undefined
  if (name !== undefined) {
    if (loaders.has(name) || requires.has(name)) return 'load'
    return mockers.has(name) ? 'mock' : undefined
  }
  const member = memberOf(callee)
  if (member === undefined) return undefined
  const owner = ownerOf(member.object, requires)
  if (owner === undefined) return undefined
  if (listed(loadingMethods, owner).includes(member.name)) return 'load'
  return listed(mockingMethods, owner).includes(member.name) ? 'mock' : undefined
}

const listed = (table: Readonly<Record<string, readonly string[]>>, name: string) =>
  Object.hasOwn(table, name) ? (table[name] ?? []) : []

/** The name of the object of a method, also for chains such as `jest.mock('a').mock('b')`. */
function ownerOf(object: Node, requires: Requires): string | undefined {
  if (object.type === 'Identifier') return requires.has(object.name) ? 'require' : object.name
  if (object.type === 'MetaProperty') return 'import.meta'
  const outer = memberOf(object)
  if (outer !== undefined) return outer.name
  const call = callOf(object)
  const member = call && memberOf(call.callee)
  return member && ownerOf(member.object, requires)
}

function isStubMap(object: Place | undefined): boolean {
  const call = object?.key === 'arguments' && object.parent ? callOf(object.parent.node) : undefined
  return call !== undefined && stubbers.test(nameOf(firstOf(call.callee)) ?? '')
}

/** The first expression in a chain of calls and members: `a` of `a.b().c`. */
function firstOf(node: Node): Node {
  const next = callOf(node)?.callee ?? memberOf(node)?.object
  return next === undefined ? node : firstOf(next)
}

function isCreateRequire(node: Node): boolean {
  const callee = callOf(bare(node))?.callee
  return callee !== undefined && (memberOf(callee)?.name ?? nameOf(callee)) === 'createRequire'
}

/** `require`, and the variables of a file that hold a result of `createRequire`. */
export function requiresOf(places: readonly Place[]): Requires {
  const names = new Set<string>(['require'])
  for (const { node } of places)
    if (node.type === 'VariableDeclarator' && node.init && node.id.type === 'Identifier' && isCreateRequire(node.init))
      names.add(node.id.name)
  return names
}

/** The specifier of an expression that loads a module, also through a function of a compiler: `__importStar(require('x'))`. */
export function specifierOf(expression: Node, requires: Requires): string | undefined {
  const node = bare(expression)
  if (node.type === 'ImportExpression') return textOf(node.source)
  const first = callOf(node)?.args[0]
  if (first === undefined) return undefined
  if (roleOfCall(node, requires) === 'load') return textOf(first)
  return callOf(node)?.callee.type === 'Identifier' && callOf(bare(first)) ? specifierOf(first, requires) : undefined
}
