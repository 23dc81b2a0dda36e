import type { Channel } from '../../src/adapters/browser/storage/lock-web.ts'
import { short, type Wires } from './ports.ts'
import type { Process } from './scheduler.ts'

/** Wraps what runs in a page so that an error that nobody catches is noticed. */
export type Guarded = (process: Process, run: () => void) => () => void

export interface Channels {
  classOf(process: Process): new (name: string) => Channel
  left(): string[]
  gone(process: Process): void
}

/** Channels between all pages: what is posted to one reaches all others, of the same page too. */
export function createChannels({ scheduler, random, history }: Wires, guarded: Guarded): Channels {
  const all = new Set<{ readonly name: string; readonly process: Process; readonly channel: Channel }>()
  return {
    left: () => [...all].map(({ process }) => `a channel of ${process.name}`),
    classOf: (process) =>
      class implements Channel {
        onmessage: Channel['onmessage'] = null
        readonly #entry: { readonly name: string; readonly process: Process; readonly channel: Channel }
        constructor(name: string) {
          this.#entry = { name, process, channel: this }
          all.add(this.#entry)
        }
        postMessage(data: unknown) {
          if (!all.has(this.#entry)) throw new DOMException('The channel is closed.', 'InvalidStateError')
          history.add(process.name, () => `posts ${Object.keys(Object(data)).join()}`)
          for (const other of all) {
            if (other === this.#entry || other.name !== this.#entry.name) continue
            const deliver = () => {
              if (all.has(other)) handle(other.channel, data)
            }
            scheduler.within(other.process, short(random), guarded(other.process, deliver))
          }
        }
        close() {
          all.delete(this.#entry)
        }
      },
    gone(process) {
      for (const entry of all) if (entry.process === process) all.delete(entry)
    },
  }
}

function handle({ onmessage }: Channel, data: unknown): void {
  const listener = onmessage as ((event: MessageEvent<unknown>) => unknown) | null
  listener?.(new MessageEvent('message', { data }))
}
