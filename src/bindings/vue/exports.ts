export type { OnRedirect, UserActions, UserEvent, UserSession, UserState } from '../app-session.ts'
export { createIms, useIms, type VueImsOptions, type VueRouterLike, type VueUserSession } from './plugin.ts'
