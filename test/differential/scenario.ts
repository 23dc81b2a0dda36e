import type { EmulatorContexts } from '../../src/emulator/index.ts'

type Bare<Data> = Omit<Data, 'endpoint'>
export interface Expiring {
  token: string
  expiry: number
}

/** What the calls of a scenario may speak of. */
export interface World {
  /** The emulator's contexts, without their endpoint. */
  readonly jwt: Bare<EmulatorContexts['jwt']>
  readonly server: Bare<EmulatorContexts['oauth_server_to_server']>
  readonly oauth: Bare<EmulatorContexts['oauth']>
  /** Fresh tokens of a person, and of a machine, for this library alone. */
  readonly person: { access_token: Expiring; refresh_token: Expiring }
  readonly machine: Expiring
  readonly code: string
  /** Results of earlier calls that were given a name. */
  readonly saved: Record<string, unknown>
  readonly endpoint: string
}

/** A value, or what makes one of the world when its turn comes; functions may be anywhere inside. */
export type Made = unknown

export interface Call {
  readonly method: string
  readonly args: readonly Made[]
  /** Keeps the result for later calls. */
  readonly as?: string
  /** A person signs in meanwhile, at the address that the program prints. */
  readonly person?: boolean
  /** In a new process. */
  readonly afresh?: boolean
}

export interface Files {
  readonly global?: Made
  readonly local?: Made
  readonly dotenv?: Made
  /** Other files of the project, by name. */
  readonly other?: Record<string, Made>
}

/** One story that both libraries live through. */
export interface Scenario {
  readonly name: string
  readonly files?: Files
  /** Environment variables; `<place>` stands for the directory of home and project. */
  readonly env?: Made
  /** The stage environment is another emulator. */
  readonly stage?: boolean
  /** Nothing is sent, so that the real names of the hosts may stay. */
  readonly offline?: boolean
  /** In an I/O Runtime action. */
  readonly action?: boolean
  /** What State answers to everything. */
  readonly stateRefuses?: number
  readonly fault?: { path: string; status: number; body?: string; times: number; headers?: Record<string, string> }
  readonly calls: readonly Call[]
}

export const call = (method: string, ...args: readonly Made[]): Call => ({ method, args })
export const as = (name: string, one: Call): Call => ({ ...one, as: name })
export const afresh = (one: Call): Call => ({ ...one, afresh: true })
export const person = (one: Call): Call => ({ ...one, person: true })

/** `value` with every function in it replaced by what it makes of the world. */
export function made(value: Made, world: World): unknown {
  if (typeof value === 'function') return made(value(world), world)
  if (Array.isArray(value)) return value.map((item) => made(item, world))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, made(item, world)]))
}

/** ms since the epoch. */
export const inMinutes = (minutes: number) => () => Date.now() + minutes * 60_000
