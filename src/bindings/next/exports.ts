export type { AuthHandlerOptions } from '../../adapters/worker/exports.ts'
export { createNextAuth, type NextAuth, type NextSession } from './next-auth.ts'
