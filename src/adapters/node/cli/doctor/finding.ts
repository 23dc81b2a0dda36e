import type { AioConfig } from '../../config/aio-config.ts'
import type { ProxyInput } from '../proxy.ts'

/** The classes of findings and their exit codes. With several problems, the first class decides. */
export const exitCodes = {
  runtime: 10,
  network: 11,
  tls: 12,
  clock: 13,
  files: 14,
  configuration: 15,
  contexts: 16,
  tokens: 17,
} as const

/** A problem, and one way to fix it. */
export interface Finding {
  readonly class: keyof typeof exitCodes
  readonly level: 'problem' | 'warning'
  readonly what: string
  readonly fix: string
}

/** The input of the checks. */
export interface CheckInput {
  readonly config: AioConfig
  readonly endpoint: string
  readonly env: NodeJS.ProcessEnv
  readonly nodeVersion: string
  readonly now: number
  readonly redirectPatterns: readonly string[]
  /** Replaced in tests. */
  readonly findUndici?: ProxyInput['find']
}

export type Check = (patient: CheckInput) => Promise<readonly Finding[]> | readonly Finding[]

export const problem = (kind: Finding['class'], what: string, fix: string): Finding => ({
  class: kind,
  level: 'problem',
  what,
  fix,
})

export const warning = (kind: Finding['class'], what: string, fix: string): Finding => ({
  class: kind,
  level: 'warning',
  what,
  fix,
})
