import { type ParserOptions, parse } from '@babel/parser'
import type { CallExpression, File, Node } from '@babel/types'

/** A node with its ancestors. */
export interface Place {
  readonly node: Node
  readonly parent: Place | undefined
  /** The property of the parent that contains the node. */
  readonly key: string
  /** The index if that property is a list, else 0. */
  readonly index: number
}

const options: ParserOptions = {
  allowReturnOutsideFunction: true,
  allowNewTargetOutsideFunction: true,
  allowSuperOutsideMethod: true,
  allowUndeclaredExports: true,
  createImportExpressions: true,
  attachComment: false,
  errorRecovery: true,
}

/** Errors that do not affect the rest of the tree; TypeScript allows more duplicate declarations than the parser does. */
const harmless = new Set(['VarRedeclaration', 'DuplicateExport', 'DuplicateDefaultExport', 'DuplicateProto'])

/**
 * The syntax tree of a file. The ending of its name determines the language.
 * @throws SyntaxError
 */
export function parseSource(text: string, file: string): File {
  const languages = languagesOf(file)
  const goals = /\.c[jt]s$/.test(file) ? (['script', 'module'] as const) : (['module', 'script'] as const)
  // the parser accepts one of the two kinds of decorators at a time
  const decorators: Languages = ['decorators-legacy', ['decorators', { allowCallParenthesized: true }]]
  const failures: unknown[] = []
  for (const decorator of text.includes('@') ? decorators : decorators.slice(0, 1)) {
    for (const sourceType of goals) {
      try {
        return parsed(text, { sourceType, plugins: [...languages, decorator] })
      } catch (error) {
        failures.push(error)
      }
    }
  }
  throw failures[0]
}

type Languages = NonNullable<ParserOptions['plugins']>

function parsed(text: string, more: ParserOptions): File {
  const tree = parse(text, { ...options, ...more })
  const error = tree.errors?.find(({ reasonCode }) => !harmless.has(reasonCode))
  if (error) throw error
  return tree
}

function languagesOf(file: string): Languages {
  const more = ['decoratorAutoAccessors', 'explicitResourceManagement', 'exportDefaultFrom'] as const
  if (/\.d\.[mc]?ts$/.test(file)) return [...more, ['typescript', { dts: true }]]
  // without JSX, <T>value is a type assertion
  if (/\.[mc]?ts$/.test(file)) return [...more, 'typescript']
  return /\.tsx$/.test(file) ? [...more, 'typescript', 'jsx'] : [...more, 'jsx']
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Every node below `root`, in the order of the text. Not recursive: code may be nested deeper than the stack allows. */
export function* placesIn(root: Node): Generator<Place> {
  const waiting: Place[] = [{ node: root, parent: undefined, key: '', index: 0 }]
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    yield place
    const below: Place[] = []
    for (const [key, value] of Object.entries(place.node)) {
      if (key === 'comments' || key === 'errors' || key === 'loc') continue
      const children: readonly unknown[] = Array.isArray(value) ? value : [value]
      for (const [index, child] of children.entries())
        if (isNode(child)) below.push({ node: child, parent: place, key, index })
    }
    waiting.push(...below.sort((one, other) => (other.node.start ?? 0) - (one.node.start ?? 0)))
  }
}

/** The text of a string, or of a template without expressions. */
export function textOf(node: Node | null | undefined): string | undefined {
  if (node?.type === 'StringLiteral') return node.value
  if (node?.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined
  return node.quasis[0]?.value.cooked ?? undefined
}

/** The inner expression of parentheses, `await`, type assertions and `(0, x)`. */
export function bare(node: Node): Node {
  switch (node.type) {
    case 'AwaitExpression':
      return bare(node.argument)
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
      return bare(node.expression)
    case 'SequenceExpression': {
      const last = node.expressions.at(-1)
      return last === undefined ? node : bare(last)
    }
    default:
      return node
  }
}

/** The name of an identifier, a property or a key. */
export function nameOf(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'PrivateName') return node.id.name
  return textOf(node)
}

/** The parts of a member expression. */
export interface MemberAccess {
  readonly object: Node
  readonly name: string
}

/** `object.name`, `object?.name` or `object['name']`. */
export function memberOf(node: Node): MemberAccess | undefined {
  if (node.type !== 'MemberExpression' && node.type !== 'OptionalMemberExpression') return undefined
  const name = node.computed ? textOf(node.property) : nameOf(node.property)
  return name === undefined ? undefined : { object: bare(node.object), name }
}

/** The parts of a call or of `new`. */
export interface CallSite {
  readonly callee: Node
  readonly args: CallExpression['arguments']
}

/** The call that a node is. */
export function callOf(node: Node): CallSite | undefined {
  if (node.type !== 'CallExpression' && node.type !== 'OptionalCallExpression' && node.type !== 'NewExpression')
    return undefined
  return { callee: bare(node.callee), args: node.arguments }
}

/** The value of a key in an object literal. */
export function propertyOf(object: Node | undefined, key: string): Node | undefined {
  if (object?.type !== 'ObjectExpression') return undefined
  for (const property of object.properties)
    if (property.type === 'ObjectProperty' && !property.computed && nameOf(property.key) === key) return property.value
  return undefined
}
