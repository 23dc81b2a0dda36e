import type { Node } from '@babel/types'
import { type Requires, requiresOf, specifierOf } from './loading.ts'
import { type Library, libraryOf } from './old-names.ts'
import { bare, callOf, memberOf, nameOf, type Place } from './syntax.ts'

/** An export of a library, or `*` for all of them. */
export interface Meaning {
  readonly library: Library
  readonly name: string
}

/** What the names in one file stand for. */
export interface Bindings {
  readonly requires: Requires
  readonly libraries: ReadonlySet<Library>
  /** The export that an expression at `place` stands for. */
  meaningOf(expression: Node, place: Place): Meaning | undefined
  /** Whether an expression is an instance of `Ims`, as far as its name says. */
  isIms(expression: Node): boolean
}

/** The names that one declaration gives to an expression: `const { a: b } = expression` gives `b` to its `a`. */
interface Given {
  readonly local: string
  readonly name: string | undefined
  readonly from: Node
}

export function bindingsOf(places: readonly Place[]): Bindings {
  const requires = requiresOf(places)
  const meanings = new Map<string, Meaning>()
  const libraries = new Set<Library>()
  const ims = new Set<string>()

  function meaning(expression: Node, place?: Place): Meaning | undefined {
    const node = bare(expression)
    if (node.type === 'Identifier') return place && isShadowed(node.name, place) ? undefined : meanings.get(node.name)
    const specifier = specifierOf(node, requires)
    const library = specifier === undefined ? undefined : libraryOf(specifier)
    if (library !== undefined) return { library, name: '*' }
    const member = memberOf(node)
    const whole = member && meaning(member.object, place)
    if (member === undefined || whole?.name !== '*') return undefined
    return member.name === 'default' ? whole : { ...whole, name: member.name }
  }

  for (const { node } of places) for (const each of importsOf(node)) note(each.specifier, each.local, each.name)
  // a declaration may take apart what an earlier one loaded
  for (const { node } of places) {
    for (const { local, name, from } of givenBy(node)) {
      const whole = meaning(from)
      if (whole !== undefined) meanings.set(local, name === undefined ? whole : part(whole, name))
    }
    const instance = instanceIn(node)
    if (instance && isMadeByIms(instance.value)) ims.add(instance.name)
  }

  function part(whole: Meaning, name: string): Meaning {
    return whole.name === '*' && name !== 'default' ? { ...whole, name } : whole
  }

  function note(specifier: string, local: string, name: string): void {
    const library = libraryOf(specifier)
    if (library !== undefined) meanings.set(local, { library, name })
  }

  function isMadeByIms(value: Node): boolean {
    const node = bare(value)
    const call = callOf(node)
    if (call === undefined) return false
    const made = node.type === 'NewExpression' ? call.callee : memberOf(call.callee)?.object
    const found = made && meaning(made)
    return found?.library === 'ims' && found.name === 'Ims'
  }

  for (const { node } of places) {
    const specifier = loadedBy(node, requires)
    const library = specifier === undefined ? undefined : libraryOf(specifier)
    if (library !== undefined) libraries.add(library)
  }
  return {
    requires,
    libraries,
    meaningOf: meaning,
    isIms(expression) {
      const node = bare(expression)
      const name = node.type === 'Identifier' ? node.name : memberOf(node)?.name
      return (name !== undefined && ims.has(name)) || isMadeByIms(node)
    },
  }
}

function loadedBy(node: Node, requires: Requires): string | undefined {
  if (node.type === 'ImportDeclaration') return node.source.value
  if (node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') return node.source?.value
  if (node.type === 'TSExternalModuleReference') return node.expression.value
  return specifierOf(node, requires)
}

function* importsOf(node: Node): Generator<{ specifier: string; local: string; name: string }> {
  if (node.type === 'TSImportEqualsDeclaration' && node.moduleReference.type === 'TSExternalModuleReference')
    yield { specifier: node.moduleReference.expression.value, local: node.id.name, name: '*' }
  if (node.type !== 'ImportDeclaration') return
  for (const each of node.specifiers) {
    const imported = each.type === 'ImportSpecifier' ? (nameOf(each.imported) ?? '*') : '*'
    yield { specifier: node.source.value, local: each.local.name, name: imported === 'default' ? '*' : imported }
  }
}

function* givenBy(node: Node): Generator<Given> {
  const [target, from] =
    node.type === 'VariableDeclarator'
      ? [node.id, node.init]
      : node.type === 'AssignmentExpression' && node.operator === '='
        ? [node.left, node.right]
        : []
  if (!target || !from) return
  if (target.type === 'Identifier') yield { local: target.name, name: undefined, from }
  if (target.type !== 'ObjectPattern') return
  for (const property of target.properties) {
    if (property.type !== 'ObjectProperty' || property.computed) continue
    const local = localOf(property.value)
    const name = nameOf(property.key)
    if (local !== undefined && name !== undefined) yield { local, name, from }
  }
}

function localOf(pattern: Node): string | undefined {
  if (pattern.type === 'Identifier') return pattern.name
  return pattern.type === 'AssignmentPattern' ? localOf(pattern.left) : undefined
}

/** A variable or property that is given a value, by its last name. */
function instanceIn(node: Node): { name: string; value: Node } | undefined {
  if (node.type === 'ClassProperty' || node.type === 'ClassPrivateProperty') {
    const name = nameOf(node.key)
    return name !== undefined && node.value ? { name, value: node.value } : undefined
  }
  const [given] = givenBy(node)
  if (given !== undefined) return { name: given.local, value: given.from }
  if (node.type !== 'AssignmentExpression') return undefined
  const member = memberOf(node.left)
  return member && { name: member.name, value: node.right }
}

/** Whether a parameter of a function around `place` has that name. */
function isShadowed(name: string, place: Place): boolean {
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
    const { node } = at
    const parameters = 'params' in node && Array.isArray(node.params) ? node.params : []
    if (parameters.some((each) => namesIn(each).includes(name))) return true
    if (node.type === 'CatchClause' && node.param && namesIn(node.param).includes(name)) return true
  }
  return false
}

function namesIn(pattern: Node): readonly string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name]
    case 'AssignmentPattern':
      return namesIn(pattern.left)
    case 'RestElement':
      return namesIn(pattern.argument)
    case 'TSParameterProperty':
      return namesIn(pattern.parameter)
    case 'ArrayPattern':
      return pattern.elements.flatMap((each) => (each ? namesIn(each) : []))
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) => namesIn(each.type === 'ObjectProperty' ? each.value : each))
    default:
      return []
  }
}
