import type { Node } from '@babel/types'
import { assignmentsIn, importsIn, instanceIn, isShadowed } from './declarations.ts'
import { type Requires, requiresOf, specifierOf } from './loading.ts'
import { type Library, libraryOf } from './old-names.ts'
import { bare, callOf, memberOf, type Place } from './syntax.ts'

/** An export of a library, or `*` for the whole module. */
export interface Meaning {
  readonly library: Library
  readonly name: string
}

/** What the names in one file refer to. */
export interface Bindings {
  readonly requires: Requires
  /** The libraries that the file loads. */
  readonly libraries: ReadonlySet<Library>
  /** The export that each variable refers to. */
  readonly meanings: ReadonlyMap<string, Meaning>
  /** Names of variables and properties that hold an instance of `Ims`. */
  readonly instances: ReadonlySet<string>
}

/** {@link Bindings} while the declarations of a file are read. */
interface Draft extends Bindings {
  readonly libraries: Set<Library>
  readonly meanings: Map<string, Meaning>
  readonly instances: Set<string>
}

/** Reads the imports, declarations and assignments of a file. */
export function bindingsOf(places: readonly Place[]): Bindings {
  const draft: Draft = {
    requires: requiresOf(places),
    libraries: new Set(),
    meanings: new Map(),
    instances: new Set(),
  }
  for (const { node } of places) addImports(node, draft)
  // after all imports: a declaration may destructure a module that an import below it loads
  for (const { node } of places) addAssignments(node, draft)
  return draft
}

/** The export that an expression refers to. Without `place`, parameters that hide a name are not considered. */
export function meaningOf(bindings: Bindings, expression: Node, place?: Place): Meaning | undefined {
  const node = bare(expression)
  if (node.type === 'Identifier')
    return place && isShadowed(node.name, place) ? undefined : bindings.meanings.get(node.name)
  const library = libraryLoadedBy(specifierOf(node, bindings.requires))
  if (library !== undefined) return { library, name: '*' }
  const member = memberOf(node)
  const whole = member && meaningOf(bindings, member.object, place)
  return member && whole?.name === '*' ? exportOf(whole, member.name) : undefined
}

/** Whether an expression is an instance of `Ims`, judged by its name or by the call that creates it. */
export function isIms(bindings: Bindings, expression: Node): boolean {
  const node = bare(expression)
  const name = node.type === 'Identifier' ? node.name : memberOf(node)?.name
  return (name !== undefined && bindings.instances.has(name)) || createsIms(bindings, node)
}

function addImports(node: Node, { requires, libraries, meanings }: Draft): void {
  const loaded = libraryLoadedBy(specifierLoadedBy(node, requires))
  if (loaded !== undefined) libraries.add(loaded)
  for (const { specifier, local, name } of importsIn(node)) {
    const library = libraryOf(specifier)
    if (library !== undefined) meanings.set(local, { library, name })
  }
}

function addAssignments(node: Node, draft: Draft): void {
  for (const { local, name, from } of assignmentsIn(node)) {
    const whole = meaningOf(draft, from)
    if (whole !== undefined) draft.meanings.set(local, name === undefined ? whole : exportOf(whole, name))
  }
  const instance = instanceIn(node)
  if (instance && createsIms(draft, instance.value)) draft.instances.add(instance.name)
}

/** A member of a module; `default` is the module, as compilers of CommonJS have it. */
function exportOf(whole: Meaning, name: string): Meaning {
  return whole.name === '*' && name !== 'default' ? { ...whole, name } : whole
}

/** `new Ims(…)`, or a static method such as `Ims.fromToken(…)`. */
function createsIms(bindings: Bindings, expression: Node): boolean {
  const node = bare(expression)
  const call = callOf(node)
  if (call === undefined) return false
  const owner = node.type === 'NewExpression' ? call.callee : memberOf(call.callee)?.object
  const meaning = owner && meaningOf(bindings, owner)
  return meaning?.library === 'ims' && meaning.name === 'Ims'
}

const libraryLoadedBy = (specifier: string | undefined) => (specifier === undefined ? undefined : libraryOf(specifier))

function specifierLoadedBy(node: Node, requires: Requires): string | undefined {
  if (node.type === 'ImportDeclaration') return node.source.value
  if (node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') return node.source?.value
  if (node.type === 'TSExternalModuleReference') return node.expression.value
  return specifierOf(node, requires)
}
