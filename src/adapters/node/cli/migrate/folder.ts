import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readFileSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../files/write-file.ts'

/** A file that was not changed, but may need changes. */
export interface LeftAlone {
  readonly file: string
  readonly reason: string
}

/** A file of the project with its content. */
export interface SourceFile {
  /** Relative to the folder of the project, with `/` as separator. */
  readonly file: string
  readonly path: string
  readonly bytes: Buffer
  readonly stats: Stats
}

/** Installed packages and version control. */
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
/** Output of builds and other tools. */
const generated = new Set([
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
const searched = /\.(?:[mc]?[jt]s|[jt]sx|vue|svelte|astro|mdx|html?|jsonc?|ya?ml)$/i
/** Package managers update these themselves. */
const lockfiles = /^(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|bun\.lock)$/
const maximumSize = 5_000_000

/** The result of {@link visit}. `leftAlone` and `skipped` are complete after the last file. */
export interface Visited {
  readonly files: Iterable<SourceFile>
  readonly leftAlone: readonly LeftAlone[]
  /** Folders with the name of a tool's output. */
  readonly skipped: readonly string[]
}

/** The files of a project that may name a package. Symbolic links are not followed. */
export function visit(folder: string): Visited {
  const leftAlone: LeftAlone[] = []
  const skipped: string[] = []
  const reject = (file: string, error: unknown) => leftAlone.push({ file, reason: `cannot be read (${codeOf(error)})` })

  function* below(file: string): Generator<SourceFile> {
    let entries: Dirent[]
    try {
      entries = readdirSync(join(folder, file), { withFileTypes: true })
    } catch (error) {
      reject(file, error)
      return
    }
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const name = file === '' ? entry.name : `${file}/${entry.name}`
      if (entry.isDirectory() && generated.has(entry.name)) skipped.push(name)
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
      // other files cannot be rewritten anyway
      if (isParsed(file)) reject(file, error)
    }
  }

  return { files: below(''), leftAlone, skipped }
}

const nameIn = (file: string) => file.slice(file.lastIndexOf('/') + 1)
const hasEnding = (file: string) => nameIn(file).includes('.')

/** Whether a file of {@link visit} is JavaScript or TypeScript, by its ending or by the lack of one. */
export const isProgram = (file: string): boolean => programs.test(file) || !hasEnding(file)

export const isManifest = (file: string): boolean => nameIn(file) === 'package.json'

const isParsed = (file: string) => programs.test(file) || isManifest(file)

const isSource = (name: string) => (searched.test(name) && !lockfiles.test(name)) || !hasEnding(name)

/** Whether a file without an ending is a script for a JavaScript runtime, by its first line. */
const isScript = (bytes: Buffer) => /^\uFEFF?#!.*\b(?:node|bun|deno|tsx)\b/.test(bytes.toString('utf8', 0, 200))

/** The content and the status of a regular file. A link or a pipe in its place is not opened. */
function readRegular(path: string): { bytes: Buffer; stats: Stats } | undefined {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return undefined
    if (stats.size > maximumSize) throw Object.assign(new Error(), { code: `larger than ${maximumSize / 1e6} MB` })
    return { bytes: readFileSync(descriptor), stats }
  } finally {
    closeSync(descriptor)
  }
}

/** The text of a regular file; `undefined` if it is missing or unreadable. */
export function readIfThere(path: string): string | undefined {
  try {
    return readRegular(path)?.bytes.toString('utf8')
  } catch {
    return undefined
  }
}
