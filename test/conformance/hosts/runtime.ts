import type { Project } from './project.ts'

/** How one case ended. */
export interface CaseResult {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly error?: string
  /** Why it was skipped: what the platform cannot do. */
  readonly reason?: string
}

export interface Outcome {
  readonly version: string
  readonly results: readonly CaseResult[]
}

/** A runtime that the suite can be run in. */
export interface Runtime {
  readonly name: string
  readonly run: (project: Project, root: string) => Promise<Outcome>
}
