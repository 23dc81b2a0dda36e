export type { OnRedirect, UserActions, UserEvent, UserSession, UserState } from '../app-session.ts'
export { type ForUserProps, ImsProvider, type ImsProviderProps, SignedIn, SignedOut, useIms } from './provider.ts'
