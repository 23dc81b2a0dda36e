import { parseExpression } from '@babel/parser'
import type { Node, ObjectExpression, ObjectProperty } from '@babel/types'
import { type FindingInFile, sections, toChange, toCheck } from './finding.ts'
import { libraryOf, namesOldPackage, oldPackages } from './old-names.ts'
import type { Edit, Specifiers } from './specifiers.ts'
import { nameOf, placesIn, propertyOf, textOf } from './syntax.ts'

/** The maps that install a package for the project itself. An entry must be in one of them only. */
const installed = ['dependencies', 'optionalDependencies', 'devDependencies'] as const
const dependencyMaps = [...installed, 'peerDependencies'] as const

/**
 * The edits of a `package.json`, and findings for other texts in it that name the replaced packages.
 * @throws SyntaxError
 */
export function manifestIn(text: string, version: string): Specifiers {
  JSON.parse(text)
  const root = parseExpression(text)
  if (root.type !== 'ObjectExpression') return { edits: [], findings: [] }
  const maps = new Map(dependencyMaps.map((name) => [name, objectOf(propertyOf(root, name))]))
  const edits: Edit[] = []
  let present = installed.some((name) => has(maps.get(name), 'imskit'))
  for (const name of installed) {
    edits.push(...replaceIn(text, maps.get(name), { version, present }))
    present ||= edits.length > 0
  }
  const peers = maps.get('peerDependencies')
  edits.push(...replaceIn(text, peers, { version, present: has(peers, 'imskit') }))
  edits.push(...metaOf(text, root))
  return { edits, findings: [...leftIn(root, edits)] }
}

const objectOf = (node: Node | undefined) => (node?.type === 'ObjectExpression' ? node : undefined)

const propertiesOf = (object: ObjectExpression | undefined): ObjectProperty[] =>
  object?.properties.filter((each) => each.type === 'ObjectProperty') ?? []

const has = (object: ObjectExpression | undefined, name: string) =>
  propertiesOf(object).some(({ key }) => nameOf(key) === name)

const isOld = ({ key }: ObjectProperty) => oldPackages.some((name) => name === nameOf(key))

/** The first entry of a replaced package becomes the entry of imskit, unless there is one; the others are removed. */
function* replaceIn(
  text: string,
  map: ObjectExpression | undefined,
  { version, present }: { version: string; present: boolean },
): Generator<Edit> {
  const properties = propertiesOf(map)
  const first = present ? undefined : properties.find(isOld)
  const neighbours = { all: properties, stays: (each: ObjectProperty) => each === first || !isOld(each) }
  for (const property of properties.filter(isOld)) {
    const name = nameOf(property.key) ?? ''
    if (property !== first) {
      yield removal(text, property, neighbours)
      continue
    }
    const range = textOf(property.value) ?? ''
    yield inside(property.key, name, 'imskit')
    // a URL may contain a password
    const shown = /^[\w.^~<>=|* -]*$/.test(range) ? range : '(a URL)'
    yield inside(property.value, shown, rangeOf(range, version))
  }
}

/** A range that is as strict as the previous one. */
function rangeOf(old: string, version: string): string {
  if (/^\d+\.\d+\.\d+/.test(old)) return version
  return old.startsWith('~') ? `~${version}` : `^${version}`
}

/** Removes a property with its comma and white space. */
function removal(text: string, property: ObjectProperty, { all, stays }: Neighbours): Edit {
  const index = all.indexOf(property)
  const [before, after] = [all[index - 1], all[index + 1]]
  const [own, end] = [property.start ?? 0, property.end ?? 0]
  const isFollowed = all.slice(index + 1).some(stays)
  // properties at the end are removed with the comma before them
  const start = isFollowed ? own : (before?.end ?? own - spaceBefore(text, own))
  const stop = isFollowed ? (after?.start ?? end) : after || all.some(stays) ? end : end + spaceAfter(text, end)
  return { start, end: stop, line: property.loc?.start.line ?? 1, from: nameOf(property.key) ?? '', to: '' }
}

/** The properties of an object, and which of them are not removed. */
interface Neighbours {
  readonly all: readonly ObjectProperty[]
  readonly stays: (property: ObjectProperty) => boolean
}

const spaceBefore = (text: string, end: number) => end - text.slice(0, end).trimEnd().length
const spaceAfter = (text: string, start: number) => /^\s*/.exec(text.slice(start))?.[0].length ?? 0

const inside = (node: Node, from: string, to: string): Edit => ({
  start: (node.start ?? 0) + 1,
  end: (node.end ?? 0) - 1,
  line: node.loc?.start.line ?? 1,
  from,
  to,
})

function* metaOf(text: string, root: ObjectExpression): Generator<Edit> {
  const meta = objectOf(propertyOf(root, 'peerDependenciesMeta'))
  const properties = propertiesOf(meta)
  const first = has(meta, 'imskit') ? undefined : properties.find(isOld)
  const stays = (each: ObjectProperty) => each === first || !isOld(each)
  for (const property of properties.filter(isOld))
    yield property === first
      ? inside(property.key, nameOf(property.key) ?? '', 'imskit')
      : removal(text, property, { all: properties, stays })
}

const replacedByClients = ['core-auth', 'jwt-auth', 'auth-token']

/** Texts that name a replaced package, and that no edit covers. */
function* leftIn(root: ObjectExpression, edits: readonly Edit[]): Generator<FindingInFile> {
  for (const { node, parent } of placesIn(root)) {
    const text = textOf(node)
    if (
      text === undefined ||
      edits.some(({ start, end }) => start <= (node.start ?? 0) + 1 && (node.end ?? 0) <= end + 1)
    )
      continue
    const property = parent?.node.type === 'ObjectProperty' ? parent.node : undefined
    const value = property?.key === node ? textOf(property.value) : undefined
    if (replacedByClients.includes(libraryOf(text) ?? '') && value !== undefined)
      yield toChange(node, 'uninstall it when your code uses imskit instead', sections.coreAuth)
    // an entry is reported once, for its key; npm:imskit@… replaces the package in dependencies
    const reported = property?.value === node && namesOldPackage(nameOf(property.key) ?? '')
    if (!namesOldPackage(text) || reported || value?.startsWith('npm:imskit@')) continue
    yield value?.startsWith('$')
      ? toChange(node, danglingReference, sections.packages)
      : toCheck(node, 'remove it, or replace it by imskit', sections.packages)
  }
}

const danglingReference = 'npm can no longer resolve this reference: remove it, or write npm:imskit@ and a version'
