import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../../../core/errors.ts'
import { isObject, parseObject } from '../../../../core/json.ts'
import { readRegularFile } from '../../files/read-file.ts'
import type { ProjectKind } from './project-kinds.ts'

/** What a folder contains. */
export interface Project {
  readonly folder: string
  readonly kind: ProjectKind
  readonly typescript: boolean
  /** The text of `package.json`; `undefined` if the folder has none. */
  readonly manifest: string | undefined
  /** Whether `package.json` names imskit. */
  readonly hasImskit: boolean
  /** The command that adds a package. */
  readonly install: string
}

const mostBytes = 4_194_304

/** The text of a file of a project; `undefined` if it does not exist. */
export function textIn(folder: string, name: string): string | undefined {
  const path = join(folder, name)
  if (!existsSync(path)) return undefined
  const text = readRegularFile(path, mostBytes)
  if (text !== undefined) return text
  throw new ConfigurationError('BAD_OPTION', `${name} is not a regular file. Move it away, and try again.`)
}

/** Finds out what kind of project is in `folder`, unless `kind` says so. */
export function projectIn(folder: string, kind?: ProjectKind): Project {
  const manifest = textIn(folder, 'package.json')
  const parsed = manifest === undefined ? {} : parseObject(manifest.replace(/^\uFEFF/, ''))
  if (parsed === undefined)
    throw new ConfigurationError('BAD_OPTION', 'package.json is not valid JSON. Correct it first.')
  const packages: Readonly<Record<string, unknown>> = {
    ...(isObject(parsed.dependencies) && parsed.dependencies),
    ...(isObject(parsed.devDependencies) && parsed.devDependencies),
  }
  const has = (...names: string[]) => names.some((name) => existsSync(join(folder, name)))
  return {
    folder,
    kind: kind ?? detected(packages, has, manifest !== undefined),
    typescript: has('tsconfig.json') || packages.typescript !== undefined,
    manifest,
    hasImskit: packages.imskit !== undefined,
    install: installCommand(has),
  }
}

function detected(packages: object, has: (...names: string[]) => boolean, isPackage: boolean): ProjectKind {
  if ('next' in packages) return 'next'
  if ('wrangler' in packages || has('wrangler.toml', 'wrangler.json', 'wrangler.jsonc')) return 'worker'
  if ('vite' in packages || has('vite.config.ts', 'vite.config.js', 'vite.config.mjs', 'vite.config.mts')) return 'vite'
  return !isPackage && has('index.html') ? 'page' : 'node'
}

function installCommand(has: (...names: string[]) => boolean): string {
  if (has('pnpm-lock.yaml')) return 'pnpm add imskit'
  if (has('yarn.lock')) return 'yarn add imskit'
  return has('bun.lock', 'bun.lockb') ? 'bun add imskit' : 'npm install imskit'
}
