import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../files/write-file.ts'

/** A file that was not changed though it may have to be. */
export interface LeftAlone {
  readonly file: string
  readonly reason: string
}

/** A file of the project with its content. */
export interface SourceFile {
  /** With `/` between the parts, from the folder of the project. */
  readonly file: string
  readonly path: string
  readonly bytes: Buffer
  readonly stats: Stats
}

/** What is installed, or belongs to version control. */
const foreign = new Set([
  'node_modules',
  'bower_components',
  'jspm_packages',
  '.git',
  '.hg',
  '.svn',
  '.yarn',
  '.pnpm-store',
])
/** What programs make from the sources. */
const made = new Set([
  'dist',
  'build',
  'out',
  'coverage',
  '.next',
  '.nuxt',
  '.output',
  '.svelte-kit',
  '.angular',
  '.astro',
  '.docusaurus',
  '.cache',
  '.parcel-cache',
  '.turbo',
  '.vercel',
  '.netlify',
  '.wrangler',
  '.nyc_output',
  'storybook-static',
])

const programs = /\.(?:[mc]?[jt]s|[jt]sx)$/i
const kinds = /\.(?:[mc]?[jt]s|[jt]sx|vue|svelte|astro|mdx|html?|jsonc?|ya?ml)$/i
/** Lists of what is installed are written by package managers. */
const lists = /^(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|bun\.lock)$/
const largest = 5_000_000

export interface Visited {
  readonly files: Iterable<SourceFile>
  readonly leftAlone: readonly LeftAlone[]
  /** Folders whose names say that programs made them. */
  readonly skipped: readonly string[]
}

/** The files of a project that may name a package. Symbolic links are not followed: what they lead to is visited itself. */
export function visit(folder: string): Visited {
  const leftAlone: LeftAlone[] = []
  const skipped: string[] = []
  const giveUp = (file: string, error: unknown) => leftAlone.push({ file, reason: `cannot be read (${codeOf(error)})` })

  function* below(file: string): Generator<SourceFile> {
    let entries: Dirent[]
    try {
      entries = readdirSync(join(folder, file), { withFileTypes: true })
    } catch (error) {
      giveUp(file, error)
      return
    }
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const name = file === '' ? entry.name : `${file}/${entry.name}`
      if (entry.isDirectory() && made.has(entry.name)) skipped.push(name)
      else if (entry.isDirectory() && !foreign.has(entry.name)) yield* below(name)
      else if (entry.isFile() && isSource(entry.name)) yield* read(name)
    }
  }

  function* read(file: string): Generator<SourceFile> {
    const path = join(folder, file)
    try {
      const found = readRegular(path)
      if (found !== undefined && (hasEnding(file) || isScript(found.bytes))) yield { file, path, ...found }
    } catch (error) {
      // data and programs of other languages are not missed
      if (isParsed(file)) giveUp(file, error)
    }
  }

  return { files: below(''), leftAlone, skipped }
}

const nameIn = (file: string) => file.slice(file.lastIndexOf('/') + 1)
const hasEnding = (file: string) => nameIn(file).includes('.')

/** Whether a file is JavaScript or TypeScript, given that {@link visit} found it; programs without an ending are. */
export const isProgram = (file: string): boolean => programs.test(file) || !hasEnding(file)

export const isManifest = (file: string): boolean => nameIn(file) === 'package.json'

const isParsed = (file: string) => programs.test(file) || isManifest(file)

const isSource = (name: string) => (kinds.test(name) && !lists.test(name)) || !hasEnding(name)

/** Programs without an ending are told by their first line. */
const isScript = (bytes: Buffer) => /^\uFEFF?#!.*\b(?:node|bun|deno|tsx)\b/.test(bytes.toString('utf8', 0, 200))

/** The content with what the file was when it was read. A link or a pipe that took its place is not opened. */
function readRegular(path: string): { bytes: Buffer; stats: Stats } | undefined {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return undefined
    if (stats.size > largest) throw Object.assign(new Error(), { code: `larger than ${largest / 1e6} MB` })
    return { bytes: readFileSync(descriptor), stats }
  } finally {
    closeSync(descriptor)
  }
}

/** The text of a regular file; `undefined` if there is none that can be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readRegular(path)?.bytes.toString('utf8')
  } catch {
    return undefined
  }
}
