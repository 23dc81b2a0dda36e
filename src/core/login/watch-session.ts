import type { LoginClientParts } from '../flows/login-flow.ts'
import type { Tokens } from '../ims/tokens.ts'
import { listen } from '../session/state.ts'
import { fingerprint, isUnexpired, load } from '../session/token-cache.ts'
import { fireAfter } from '../time.ts'
import type { SessionState, ViewState } from './view-state.ts'

/** Keeps `view` up to date with what memory and store have. */
export function watchSession(parts: LoginClientParts, view: ViewState): void {
  const { cache } = parts.session
  let wanted = false
  let looking = false
  const look = async () => {
    wanted = true
    if (looking) return
    looking = true
    // what changes together is looked at once
    for (await undefined; wanted && !parts.closing.aborted; ) {
      wanted = false
      await lookOnce(parts, view).catch(() => {})
    }
    looking = false
  }
  view.look = () => void look()
  cache.watch = view.look
  listen(parts.session)
  view.look()
}

async function lookOnce(parts: LoginClientParts, view: ViewState): Promise<void> {
  const { setup, session } = parts
  const { cache } = session
  const held = isUnexpired(setup, cache.memory) ? cache.memory : undefined
  const reading = held === undefined ? await load(setup, cache) : { status: 'found' as const, tokens: held }
  if (reading.status === 'unknown') return
  const tokens = reading.status === 'found' ? reading.tokens : undefined
  const renewable = tokens !== undefined && isRenewable(parts, tokens)
  const signedIn = renewable || isUnexpired(setup, tokens)
  show(view, tokens !== undefined && signedIn ? signedInAs(tokens) : { status: 'signedOut' })
  view.expiry?.()
  if (tokens === undefined || !signedIn || renewable || view.listeners.size === 0) return
  const { clock } = setup.connection
  view.expiry = fireAfter(clock, tokens.expiresAt - clock.now(), () => view.look?.())
}

function isRenewable({ setup, session: { cache } }: LoginClientParts, tokens: Tokens): boolean {
  const { refreshToken, refreshExpiresAt = Number.POSITIVE_INFINITY } = tokens
  if (refreshToken === undefined || setup.flow.refresh === undefined) return false
  return refreshExpiresAt > setup.connection.clock.now() && cache.refused !== fingerprint(tokens)
}

const signedInAs = ({ claims, expiresAt }: Tokens): SessionState => ({ status: 'signedIn', claims, expiresAt })

function show(view: ViewState, next: SessionState): void {
  if (JSON.stringify(next) === JSON.stringify(view.current)) return
  view.current = Object.freeze(next)
  for (const { notify } of [...view.listeners]) {
    try {
      notify()
    } catch {
      // an observer must not change what it observes
    }
  }
}
