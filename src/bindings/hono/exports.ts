export type {
  AuthHandlerOptions,
  AuthInfo,
  AuthSession,
  RequireTokenOptions,
} from '../../adapters/worker/exports.ts'
export { type HonoBackend, honoBackend } from './hono-backend.ts'
export { type HonoGuard, honoGuard } from './hono-guard.ts'
