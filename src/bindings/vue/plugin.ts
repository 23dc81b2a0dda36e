import { type App, type InjectionKey, inject, type Ref, shallowReactive, shallowReadonly, toRefs } from 'vue'
import type { LoginClient } from '../../core/client.ts'
import { badOption, checkOptions, type OptionNames } from '../../core/options.ts'
import {
  type AppSession,
  appSession,
  checkSameClient,
  type OnRedirect,
  type UserActions,
  type UserSession,
} from '../app-session.ts'

/** What the plug-in uses of a router of Vue Router. */
export interface VueRouterLike {
  isReady(): Promise<void>
  replace(to: string): Promise<unknown>
  readonly options: { readonly history: { readonly base: string } }
}

export interface VueImsOptions {
  /** The router of the app, if it has one: a callback is handled after its first navigation. */
  readonly router?: VueRouterLike | undefined
  /**
   * Called after a login by redirect. By default the router navigates to the address that the login started from;
   * without a router the browser does.
   */
  readonly onRedirect?: OnRedirect | undefined
}

/** What {@link useIms} returns: the state of the session as refs, and what components do with it. */
export interface VueUserSession extends UserActions {
  readonly status: Readonly<Ref<UserSession['status']>>
  readonly claims: Readonly<Ref<UserSession['claims']>>
  readonly expiresAt: Readonly<Ref<UserSession['expiresAt']>>
  readonly error: Readonly<Ref<unknown>>
}

const optionNames: OptionNames<VueImsOptions> = { router: 1, onRedirect: 1 }
const key: InjectionKey<VueUserSession> = /* @__PURE__ */ Symbol()

/**
 * The plug-in that provides the session of `client` to {@link useIms}, and handles the callback of a login.
 *
 * @example
 * createApp(App).use(router).use(createIms(client, { router })).mount('#app')
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 */
export function createIms(client: LoginClient, options: VueImsOptions = {}): { install(app: App): void } {
  const session = appSession('createIms', client)
  checkOptions('createIms', options, optionNames)
  return {
    install(app) {
      checkSameClient('createIms', app.runWithContext(() => inject(key, undefined))?.client, client)
      const state = shallowReactive({ ...session.get() })
      const unsubscribe = session.subscribe(() => Object.assign(state, session.get()))
      // before Vue 3.5 an app does not tell when it is unmounted
      app.onUnmount?.(unsubscribe)
      app.provide(key, { ...toRefs(shallowReadonly(state)), ...session.actions })
      void start(session, options)
    },
  }
}

async function start(session: AppSession, { router, onRedirect }: VueImsOptions): Promise<void> {
  // a navigation that fails is for the app; the callback is handled nevertheless
  await router?.isReady().catch(() => {})
  await session.start(onRedirect ?? (router && navigate(router)))
}

/** Navigates without `returnTo`, too, as the current route has the parameters of the callback. */
const navigate =
  (router: VueRouterLike): OnRedirect =>
  ({ returnTo }) => {
    const { href, pathname, search, hash } = new URL(returnTo ?? location.href, location.href)
    const { base } = router.options.history
    // another app, or the document of a router that writes into the fragment
    if (!`${pathname}/`.startsWith(`${base}/`)) return location.replace(href)
    return router.replace((pathname.slice(base.length) || '/') + search + hash)
  }

/**
 * The session of the user, for `setup`.
 *
 * @example
 * const { status, claims, login } = useIms()
 *
 * @throws {ConfigurationError} `BAD_OPTION` outside of `setup`, or if the app does not use {@link createIms}
 */
export function useIms(): VueUserSession {
  const session = inject(key, undefined)
  if (!session) throw badOption('useIms() works only in setup, after app.use(createIms(client))')
  return session
}
