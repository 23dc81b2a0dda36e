export {
  type AuthHandlerOptions,
  type AuthInfo,
  type AuthSession,
  type NodeListener,
  type NodeNext,
  type NodeRequest,
  type NodeResponse,
  type RequireTokenOptions,
  toNode,
} from '../../adapters/worker/exports.ts'
export { type ExpressBackend, expressBackend, sessionOf } from './express-backend.ts'
export { authOf, type ExpressGuard, expressGuard } from './express-guard.ts'
