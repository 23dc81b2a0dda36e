export type { OnRedirect, UserActions, UserEvent, UserSession, UserState } from '../app-session.ts'
export { createIms, type SvelteImsOptions, type SvelteUserSession } from './svelte-store.ts'
