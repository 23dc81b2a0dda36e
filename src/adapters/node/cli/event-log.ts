import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ImsEvent } from '../../../core/events.ts'
import { parseObject } from '../../../core/json.ts'
import { readRegularFile } from '../files/read-file.ts'
import { requireOwnDirectory, stateDirectory } from '../files/state-directory.ts'
import { temporaryName } from '../files/temporary-files.ts'

/** An event of a run of the command; a failure has a `code`. */
export type RecordedEvent = Readonly<Record<string, unknown>> & { readonly at: number; readonly command: string }

const most = 100
const mostBytes = 262_144

let command = ''
const events: RecordedEvent[] = []

/** The file of recent events, which `imskit report` prints. */
const logFile = () => join(stateDirectory('log'), 'events.jsonl')

/** Records the events of this run under the name of its command. They are written when the process exits. */
export function startRecording(name: string): void {
  command = name
  process.on('exit', save)
}

/** Records an event, which contains no secret; ids of clients are left out. */
export function recordEvent(event: ImsEvent): void {
  const { clientId: _, ...facts } = event as ImsEvent & { clientId?: string; duration?: number }
  const rounded = facts.duration === undefined ? {} : { duration: Math.round(facts.duration) }
  events.push({ at: Date.now(), command, ...facts, ...rounded })
}

export function recordFailure(code: string): void {
  events.push({ at: Date.now(), command, type: 'failed', code })
}

/** The recent events of earlier runs, the oldest first; none if they cannot be read. */
export function recentEvents(): readonly RecordedEvent[] {
  try {
    const lines = (readRegularFile(logFile(), mostBytes) ?? '').split('\n')
    return lines.map(parseObject).flatMap((event) => {
      return typeof event?.at === 'number' ? [{ ...event, at: event.at, command: String(event.command) }] : []
    })
  } catch {
    return []
  }
}

/** The log only helps to report faults: that it cannot be written must not fail a command. */
function save(): void {
  if (events.length === 0) return
  try {
    const path = logFile()
    requireOwnDirectory(dirname(path))
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const lines = [...recentEvents(), ...events].slice(-most).map((event) => JSON.stringify(event))
    const temporary = temporaryName(path)
    writeFileSync(temporary, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch {
    // see above
  }
}
