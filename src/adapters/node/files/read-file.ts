import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

// opening a named pipe would wait for its writer
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)
// what opening something answers that is not a file: a socket, a directory on Windows, links in a circle
const notFiles = ['ENXIO', 'ENODEV', 'EISDIR', 'ELOOP', 'EOPNOTSUPP']

/**
 * The text of the regular file at `path`; `undefined` if something else is there, or a file of more than `most` bytes.
 * Throws what the file system throws.
 */
export function readRegularFile(path: string, most = Number.POSITIVE_INFINITY): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, flags)
  } catch (error) {
    if (notFiles.includes(String((error as { code?: unknown }).code))) return undefined
    throw error
  }
  try {
    const stats = fstatSync(descriptor)
    return stats.isFile() && stats.size <= most ? readFileSync(descriptor, 'utf8') : undefined
  } finally {
    closeSync(descriptor)
  }
}
