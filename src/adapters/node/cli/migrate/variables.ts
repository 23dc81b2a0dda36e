import { type FindingInFile, rows, toChange, toCheck } from './finding.ts'
import { callOf, memberOf, nameOf, type Place } from './syntax.ts'

/** The names of the variables in a `.env` file, each with its line. */
export function variablesIn(text: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const name = /^\s*(?:export\s+)?([\w.-]+)\s*[=:]/.exec(line)?.[1]
    if (name !== undefined) names.set(name, index + 1)
  }
  return names
}

const locations = ['AIO_CONFIG_FILE', 'AIO_CONFIG_KEY', 'XDG_CONFIG_HOME']

/** Variables that imskit ignores in a `.env` file. */
export function* ignoredVariables(variables: ReadonlyMap<string, number>): Generator<FindingInFile> {
  for (const name of locations) {
    const line = variables.get(name)
    if (line !== undefined)
      yield toChange(
        line,
        `set ${name} in the environment: .env cannot set the path of the global file`,
        rows('dotenv-places'),
      )
  }
}

const isOwn = (name: string) => name.startsWith('AIO_')

/** The variables of `.env` that only programs read; `@adobe/aio-lib-ims` copied them to `process.env`. */
export const copiedVariables = (variables: ReadonlyMap<string, number>): readonly string[] =>
  [...variables.keys()].filter((name) => !isOwn(name))

/** Reads of variables in `copied` from `process.env`. */
export function* readVariables(all: readonly Place[], copied: readonly string[]): Generator<FindingInFile> {
  for (const { node } of all) {
    const member = memberOf(node)
    if (member && isEnvironment(member.object) && copied.includes(member.name)) yield ofVariable(node, member.name)
    if (node.type !== 'VariableDeclarator' || node.id.type !== 'ObjectPattern' || !node.init) continue
    if (!isEnvironment(node.init)) continue
    for (const property of node.id.properties) {
      const name = property.type === 'ObjectProperty' ? nameOf(property.key) : undefined
      if (name !== undefined && copied.includes(name)) yield ofVariable(property, name)
    }
  }
}

function isEnvironment(node: Place['node']): boolean {
  const member = memberOf(node)
  return member?.name === 'env' && nameOf(member.object) === 'process'
}

function ofVariable(node: Place['node'], name: string): FindingInFile {
  return toCheck(
    node,
    `${name} is in .env, which is no longer copied to process.env: start with node --env-file=.env, or load dotenv first`,
    rows('dotenv-env'),
  )
}

/** Whether a file copies `.env` to `process.env` itself. */
export function loadsDotEnv(all: readonly Place[]): boolean {
  return all.some(({ node }) => {
    if (node.type === 'ImportDeclaration') return /^dotenv(?:\/config)?$/.test(node.source.value)
    const [first] = callOf(node)?.args ?? []
    return first?.type === 'StringLiteral' && /^dotenv(?:\/config)?$/.test(first.value)
  })
}
