import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** Who the children run as if the harness runs as root, whom no mode keeps out. */
export const otherUser = 65_534

export type DiskFault = 'full' | 'read-only' | 'unreadable'

/** A directory that can be filled, made read-only or unreadable. */
export interface Disk {
  readonly directory: string
  readonly faults: readonly DiskFault[]
  /** What cannot be tried here, and why. */
  readonly omitted: readonly string[]
  /** Starts a fault; the function returned ends it. */
  break(fault: DiskFault): () => void
  remove(): void
}

/** @param uid who uses the directory; `undefined`: who runs this */
export function makeDisk(scratch: string, uid: number | undefined): Disk {
  const mount = join(scratch, 'disk')
  mkdirSync(mount, { mode: 0o755 })
  const omitted: string[] = []
  const isTmpfs = mountTmpfs(mount, omitted)
  const directory = join(mount, 'imskit')
  for (const path of [directory, join(directory, 'tokens'), join(directory, 'locks')]) {
    mkdirSync(path, { mode: 0o700 })
    if (uid !== undefined) chownSync(path, uid, uid)
  }
  const modes = process.getuid?.() !== 0 || uid !== undefined
  if (!modes)
    omitted.push('directories without permission: root is kept out by none, and another user cannot read the build')
  return {
    directory,
    faults: [...(isTmpfs ? (['full'] as const) : []), ...(modes ? (['read-only', 'unreadable'] as const) : [])],
    omitted,
    break: (fault) => (fault === 'full' ? fill(mount) : changeModes(directory, fault === 'read-only' ? 0o500 : 0)),
    remove() {
      if (isTmpfs && existsSync(mount)) spawnSync('umount', ['--lazy', mount], { stdio: 'ignore' })
      rmSync(mount, { recursive: true, force: true })
    },
  }
}

function mountTmpfs(mount: string, omitted: string[]): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=755', 'tmpfs', mount], { stdio: 'ignore' })
    return true
  } catch {
    omitted.push('a full disk: no tmpfs can be mounted without root')
    return false
  }
}

function fill(mount: string): () => void {
  const path = join(mount, 'filler')
  const file = openSync(path, 'w')
  const piece = Buffer.alloc(4096)
  try {
    for (;;) writeSync(file, piece)
  } catch {
    closeSync(file)
  }
  return () => rmSync(path, { force: true })
}

function changeModes(directory: string, mode: number): () => void {
  const paths = [directory, ...readdirSync(directory).map((name) => join(directory, name))]
  // the innermost first, and back the other way round
  for (const path of [...paths].reverse()) chmodSync(path, mode)
  return () => {
    for (const path of paths) if (existsSync(path)) chmodSync(path, 0o700)
  }
}

/** Temporary files that were left behind. */
export function leftOvers(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'))
}
