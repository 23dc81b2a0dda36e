import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

// opening a named pipe would wait for its writer
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)
// errors of opening something that is not a file: a socket, a directory on Windows, circular links
const notFiles = ['ENXIO', 'ENODEV', 'EISDIR', 'ELOOP', 'EOPNOTSUPP']

/**
 * The text of the regular file at `path`; `undefined` if it is not a regular file, or has more than `most` bytes.
 * Throws the error of the file system.
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
