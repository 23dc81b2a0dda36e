import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { codeOf } from './write-file.ts'

// what a process may be told about a place that it is not allowed to look at
const closed = ['EACCES', 'EPERM', 'ERR_ACCESS_DENIED']

/** Whether `error` says that this process may not look at a path. */
export function isClosed(error: unknown): boolean {
  return closed.includes(codeOf(error))
}

/** The user's home directory; `undefined` if the system does not know one. */
export function homeDirectory(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}

/** The working directory; `undefined` if it was deleted or cannot be looked at. */
export function workingDirectory(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

/** The absolute form of a path that a user wrote; `undefined` if the directory that it is relative to is not known. */
export function absolutePath(path: string): string | undefined {
  const inHome = /^~[/\\]/.test(path)
  if (!inHome && isAbsolute(path)) return path
  const base = inHome ? homeDirectory() : workingDirectory()
  return base === undefined ? undefined : resolve(base, inHome ? path.slice(2) : path)
}

/** Whether the file at `path`, with all links followed, lies inside `directory`. A file that is missing does. */
export function isInside(path: string, directory: string): boolean {
  try {
    const [file, root] = [realpathSync(path), realpathSync(directory)]
    return file.startsWith(root.endsWith(sep) ? root : join(root, sep))
  } catch (error) {
    return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
  }
}

/** The number of this user; `undefined` on Windows, and in a Deno that may not know it. */
export function userId(): number | undefined {
  try {
    return process.getuid?.()
  } catch {
    return undefined
  }
}
