import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { codeOf } from './write-file.ts'

// errors of inspecting a path without permission
const closed = ['EACCES', 'EPERM', 'ERR_ACCESS_DENIED']

/** Whether `error` means that this process may not inspect a path. */
export function isClosed(error: unknown): boolean {
  return closed.includes(codeOf(error))
}

/** The user's home directory; `undefined` if the system has none for this user. */
export function homeDirectory(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}

/** The working directory; `undefined` if it was deleted or cannot be inspected. */
export function workingDirectory(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

/** The absolute form of a path that a user wrote; `undefined` if its base directory is not known. */
export function absolutePath(path: string): string | undefined {
  const inHome = /^~[/\\]/.test(path)
  if (!inHome && isAbsolute(path)) return path
  const base = inHome ? homeDirectory() : workingDirectory()
  return base === undefined ? undefined : resolve(base, inHome ? path.slice(2) : path)
}

/** Whether the file at `path`, following all links, is inside `directory`; also `true` if the file is missing. */
export function isInside(path: string, directory: string): boolean {
  try {
    const [file, root] = [realpathSync(path), realpathSync(directory)]
    return file.startsWith(root.endsWith(sep) ? root : join(root, sep))
  } catch (error) {
    return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
  }
}

/** The id of this user; `undefined` on Windows, and in Deno without permission. */
export function userId(): number | undefined {
  try {
    return process.getuid?.()
  } catch {
    return undefined
  }
}
