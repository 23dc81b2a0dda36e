import { type Channel, channel } from 'node:diagnostics_channel'
import type { Emit, ImsEvent } from '../../core/events.ts'
import { printable } from './printable.ts'

/** Publishes every event on a channel of its type, such as `imskit:request`, and prints it if `DEBUG` names imskit. */
export function observeEvents(env?: NodeJS.ProcessEnv): Emit {
  const print = debugPrinter(env)
  return (event) => {
    channelOf(event.type).publish(event)
    print?.(event)
  }
}

const channels = new Map<ImsEvent['type'], Channel>()

function channelOf(type: ImsEvent['type']): Channel {
  const known = channels.get(type) ?? channel(`imskit:${type}`)
  // a channel without subscribers may be collected, and then another object has its name
  channels.set(type, known)
  return known
}

/** Prints events to stderr if `DEBUG` names imskit. Events contain no secrets. */
export function debugPrinter(env: NodeJS.ProcessEnv = process.env): Emit | undefined {
  const names = (env.DEBUG ?? '').split(/[\s,]+/)
  if (!names.some((name) => name === '*' || /^imskit(?::?\*)?$/.test(name))) return undefined
  return ({ type, ...facts }) => process.stderr.write(`imskit ${type} ${printable(JSON.stringify(facts))}\n`)
}
