import type { LoginClientParts } from '../flows/login-flow.ts'
import { lazy } from '../lazy.ts'
import { badOption } from '../options.ts'
import type { SessionView, ViewState } from './view-state.ts'

const loadWatch = /* @__PURE__ */ lazy(() => import('./watch-session.ts'))

export function createSessionView(parts: LoginClientParts): SessionView {
  const view: ViewState = { current: { status: 'unknown' }, listeners: new Set(), look: undefined, expiry: undefined }
  parts.closing.addEventListener('abort', () => {
    view.listeners.clear()
    view.expiry?.()
  })
  const start = () => {
    if (view.look !== undefined || parts.closing.aborted) return
    view.look = () => {}
    loadWatch().then(
      ({ watchSession }) => watchSession(parts, view),
      () => {
        // the next call tries again
        view.look = undefined
      },
    )
  }
  return {
    get() {
      start()
      return view.current
    },
    subscribe(listener) {
      if (typeof listener !== 'function') throw badOption('session.subscribe takes a function')
      const entry = { notify: listener }
      view.listeners.add(entry)
      start()
      view.look?.()
      return () => {
        view.listeners.delete(entry)
        if (view.listeners.size === 0) view.expiry?.()
      }
    },
  }
}
