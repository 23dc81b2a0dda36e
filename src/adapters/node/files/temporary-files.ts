import { readdirSync, statSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { lifeOf, type Owner, thisOwner } from './process-identity.ts'

// the age at which a temporary file of an unknown writer is abandoned, and how often a directory is swept
const hour = 3_600_000

const swept = new Map<string, number>()
const fewPlaces = 1000
let count = 0

/** Name of a temporary file next to `path` that identifies its writer. */
export function temporaryName(path: string, owner: Owner = thisOwner(), token = unusedToken()): string {
  const { pid, start, thread, machine } = owner
  return `${path}.${pid}-${start}-${thread}-${tagOf(machine)}-${token}.tmp`
}

function unusedToken(): string {
  count += 1
  return `${Date.now().toString(36)}${count.toString(36)}${Math.random().toString(36).slice(2)}`
}

/** A short tag for a machine's name, which may be too long for the name of a file. */
function tagOf(machine: string): string {
  let tag = 0
  for (let index = 0; index < machine.length; index += 1) tag = (Math.imul(tag, 31) + machine.charCodeAt(index)) | 0
  return (tag >>> 0).toString(36)
}

/**
 * Removes the temporary files that killed writers left in the directory of `path`, because they may contain tokens:
 * those whose names start with `prefix`. Sweeps a directory on its first use, after a lock was taken over, and once an
 * hour; never throws.
 */
export function sweepTemporaries(path: string, prefix: RegExp | string = basename(path)): void {
  const directory = dirname(path)
  const place = `${directory}\n${prefix}`
  const now = Date.now()
  if (now - (swept.get(place) ?? Number.NEGATIVE_INFINITY) < hour) return
  if (swept.size >= fewPlaces) swept.clear()
  swept.set(place, now)
  try {
    for (const name of readdirSync(directory)) {
      const matches = typeof prefix === 'string' ? name.startsWith(`${prefix}.`) : prefix.test(name)
      if (matches && name.endsWith('.tmp')) removeAbandoned(join(directory, name), now)
    }
  } catch {}
}

/** Sweeps directories again on their next use, because a writer has died. */
export function sweepAgain(): void {
  swept.clear()
}

function removeAbandoned(path: string, now: number): void {
  try {
    if (isAbandoned(path, now)) unlinkSync(path)
  } catch {}
}

function isAbandoned(path: string, now: number): boolean {
  const match = /\.(\d{1,10})-(\d*)-(w\d+|\d+\.\d+|)-([a-z0-9]+)-[a-z0-9]+\.tmp$/.exec(path)
  const { machine } = thisOwner()
  const [, pid, start = '', thread = '', tag] = match ?? []
  const life = tag === tagOf(machine) ? lifeOf({ pid: Number(pid), start, thread, machine }) : 'unknown'
  if (life !== 'unknown') return life === 'ended'
  const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now)
  return age > hour
}
