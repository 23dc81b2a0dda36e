import type { Node } from '@babel/types'
import { memberOf, nameOf, type Place } from './syntax.ts'

/** A name that an import declares. */
export interface ImportedName {
  readonly specifier: string
  readonly local: string
  /** The export, or `*` for the whole module. */
  readonly name: string
}

/** A name that gets a value: `const { a: b } = expression` assigns `a` of the expression to `b`. */
export interface Assignment {
  readonly local: string
  /** The property that is read, or `undefined` for the value itself. */
  readonly name: string | undefined
  readonly from: Node
}

/** The names that an import declaration declares. */
export function* importsIn(node: Node): Generator<ImportedName> {
  if (node.type === 'TSImportEqualsDeclaration' && node.moduleReference.type === 'TSExternalModuleReference')
    yield { specifier: node.moduleReference.expression.value, local: node.id.name, name: '*' }
  if (node.type !== 'ImportDeclaration') return
  for (const each of node.specifiers) {
    const imported = each.type === 'ImportSpecifier' ? (nameOf(each.imported) ?? '*') : '*'
    yield { specifier: node.source.value, local: each.local.name, name: imported === 'default' ? '*' : imported }
  }
}

/** The variables that a declaration or an assignment sets. */
export function* assignmentsIn(node: Node): Generator<Assignment> {
  const [target, from] = targetAndValue(node)
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

function targetAndValue(node: Node): readonly [target?: Node, value?: Node | null | undefined] {
  if (node.type === 'VariableDeclarator') return [node.id, node.init]
  return node.type === 'AssignmentExpression' && node.operator === '=' ? [node.left, node.right] : []
}

function localOf(pattern: Node): string | undefined {
  if (pattern.type === 'Identifier') return pattern.name
  return pattern.type === 'AssignmentPattern' ? localOf(pattern.left) : undefined
}

/** The variable or property that a node sets, by its last name: `ims` for `this.ims = value`. */
export function instanceIn(node: Node): { name: string; value: Node } | undefined {
  if (node.type === 'ClassProperty' || node.type === 'ClassPrivateProperty') {
    const name = nameOf(node.key)
    return name !== undefined && node.value ? { name, value: node.value } : undefined
  }
  const [first] = assignmentsIn(node)
  if (first !== undefined) return { name: first.local, value: first.from }
  if (node.type !== 'AssignmentExpression') return undefined
  const member = memberOf(node.left)
  return member && { name: member.name, value: node.right }
}

/** Whether a function or `catch` around `place` has a parameter of that name. */
export function isShadowed(name: string, place: Place): boolean {
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
