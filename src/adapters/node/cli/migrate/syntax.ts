import { type ParserOptions, parse } from '@babel/parser'
import type { CallExpression, File, Node } from '@babel/types'

/** A node with the way back to the root. */
export interface Place {
  readonly node: Node
  readonly parent: Place | undefined
  /** The property of the parent that holds it. */
  readonly key: string
  /** Its number if that property is a list, else 0. */
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

/** A name that is declared twice leaves no doubt about the rest; TypeScript has more of them than the parser knows. */
const harmless = new Set(['VarRedeclaration', 'DuplicateExport', 'DuplicateDefaultExport', 'DuplicateProto'])

/**
 * The syntax tree of a file, its language told by its name.
 * @throws SyntaxError
 */
export function parseSource(text: string, file: string): File {
  const languages = languagesOf(file)
  const goals = /\.c[jt]s$/.test(file) ? (['script', 'module'] as const) : (['module', 'script'] as const)
  // the two kinds of decorators exclude each other
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
  // in plain TypeScript <T>value is an assertion
  if (/\.[mc]?ts$/.test(file)) return [...more, 'typescript']
  return /\.tsx$/.test(file) ? [...more, 'typescript', 'jsx'] : [...more, 'jsx']
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Every node below `root`, in the order of the text. Programs may nest deeper than calls can. */
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

/** The text of a literal that is fixed. */
export function textOf(node: Node | null | undefined): string | undefined {
  if (node?.type === 'StringLiteral') return node.value
  if (node?.type !== 'TemplateLiteral' || node.expressions.length > 0) return undefined
  return node.quasis[0]?.value.cooked ?? undefined
}

/** What a node comes to: without parentheses, `await`, assertions of types, and `(0, x)`. */
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

/** The name of a property that is read from an object, or of a key. */
export function nameOf(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'PrivateName') return node.id.name
  return textOf(node)
}

export interface Member {
  readonly object: Node
  readonly name: string
}

/** `object.name`, `object?.name` or `object['name']`. */
export function memberOf(node: Node): Member | undefined {
  if (node.type !== 'MemberExpression' && node.type !== 'OptionalMemberExpression') return undefined
  const name = node.computed ? textOf(node.property) : nameOf(node.property)
  return name === undefined ? undefined : { object: bare(node.object), name }
}

export interface Call {
  readonly callee: Node
  readonly args: CallExpression['arguments']
}

export function callOf(node: Node): Call | undefined {
  if (node.type !== 'CallExpression' && node.type !== 'OptionalCallExpression' && node.type !== 'NewExpression')
    return undefined
  return { callee: bare(node.callee), args: node.arguments }
}

/** The value of a key of an object that is written out. */
export function propertyOf(object: Node | undefined, key: string): Node | undefined {
  if (object?.type !== 'ObjectExpression') return undefined
  for (const property of object.properties)
    if (property.type === 'ObjectProperty' && !property.computed && nameOf(property.key) === key) return property.value
  return undefined
}
