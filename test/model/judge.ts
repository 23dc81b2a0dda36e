import { type Counts, count, type History } from './history.ts'
import type { Process, Scheduler } from './scheduler.ts'
import type { Family, Server } from './server.ts'
import type { Attempt, Evidence, Judge } from './verdict.ts'

interface JudgeSetting {
  readonly scheduler: Scheduler
  readonly server: () => Server
  readonly rotating: boolean
  readonly history: History
  readonly counts: Counts
}

/** The longest that one attempt, and one renewal, may take. ms */
const attemptLimit = 30_000
const renewalLimit = 40_000
/** A step that takes longer than this was stalled by the model. */
const stalled = 2_000
const heldUpRisk = 'residual risk: stopped between the last check and the first byte'
/** ms that the code waits for a store. */
const givenUp = 10_000

export function createJudge({ scheduler, server, rotating, history, counts }: JudgeSetting): Judge {
  const { now } = scheduler
  const attempts: Attempt[] = []
  const byProcess = new Map<Process, Evidence>()
  const violations: string[] = []
  /** Sessions that were signed out or replaced, and when the store forgot them. */
  const first = new Set<string>()
  /** Sessions that a write has brought back which was begun before the sign-out. */
  const crossed = new Set<Family>()
  /** Sessions of which a write landed long after its process had given it up: it may undo any later one. */
  const lateWrites = new Set<Family>()
  const endedAt = new Map<Family, number>()

  function violation(text: string): void {
    violations.push(text)
    history.add('JUDGE', () => `VIOLATION: ${text}`)
  }

  function evidence(process: Process): Evidence {
    let found = byProcess.get(process)
    if (found === undefined) {
      const long = Number.NEGATIVE_INFINITY
      found = {
        nothingAt: long,
        unrenewableAt: long,
        unreadableAt: long,
        noted: undefined,
        refusedAt: long,
        refused: new Set(),
        last: undefined,
        troubleAt: long,
        latest: undefined,
      }
      byProcess.set(process, found)
    }
    return found
  }

  /** What became of an earlier redemption: `fault` if its token must not be sent again, otherwise the excuse, if any. */
  function judged(earlier: Attempt, again?: Process): { fault?: string; excuse?: string } {
    const { process, outcome, destroyed, sentAt } = earlier
    if (outcome !== undefined && outcome.kind !== 'redeemed') return {}
    if (destroyed !== undefined) return { excuse: destroyed }
    const gone = process.state === 'gone'
    const standstill = scheduler.stoppedFor(process) - earlier.stoppedBefore
    // after this nobody can be asked to wait for it any longer
    const stopped = process !== again && standstill >= renewalLimit
    if (earlier.heldUp) return { excuse: heldUpRisk }
    // what a process has begun to write may land after the next one has looked
    const lookedAt = again === undefined ? undefined : evidence(again).last?.at
    const landedLater = lookedAt !== undefined && (earlier.storedAt ?? 0) > lookedAt
    if (earlier.write === 'stored' && !landedLater) return { fault: 'its successor had been stored' }
    if (gone) return { excuse: 'its process crashed' }
    if (earlier.arrivedAt === undefined) {
      if (earlier.abortedAt !== undefined) return { excuse: 'its answer came too late' }
      return now() - sentAt >= attemptLimit ? { excuse: 'its answer is too late' } : { fault: 'it is still on its way' }
    }
    if (earlier.abortedAt !== undefined) return { fault: 'its answer had arrived, and was thrown away' }
    if (stopped) return { excuse: 'its process stood still' }
    if (earlier.deliveredAt === undefined) return { fault: 'its answer has arrived' }
    if (earlier.write === 'failed') return { excuse: 'its successor could not be stored' }
    if (earlier.storingAt !== undefined && now() - earlier.storingAt > stalled)
      return { excuse: 'storing its successor takes too long' }
    if (earlier.unreadableAt !== undefined) return { excuse: 'the store could not be read' }
    if (now() - earlier.deliveredAt > stalled && earlier.storingAt === undefined && outcome?.kind === 'redeemed')
      return { excuse: 'the store takes too long' }
    return { fault: 'its answer has been delivered' }
  }

  function excuseOf(family: Family): string | undefined {
    if (family.excuse !== undefined) return family.excuse
    for (const attempt of attempts) {
      const { token = attempt.successor ?? '', outcome, write } = attempt
      if (write === 'stored' || server().familyOf(token) !== family) continue
      if (outcome?.kind === 'issued') return 'its login was not stored'
      const { excuse } = outcome?.kind === 'redeemed' ? judged(attempt) : {}
      if (excuse !== undefined) return excuse
    }
    return undefined
  }

  function excuse(token: string, why: string): void {
    count(counts, why)
    const family = server().familyOf(token)
    if (family) family.excuse ??= why
  }

  function compare(process: Process, token: string): void {
    const family = server().familyOf(token)
    const ended = family && endedAt.get(family)
    // nothing can be lost any more; and a credential has its first token in no store
    const landedLate = family !== undefined && lateWrites.has(family)
    const harmless =
      family?.revoked !== undefined || landedLate
        ? 'redemptions of what had been revoked'
        : (ended !== undefined || family?.excuse === 'the user signed out') &&
          first.has(token) &&
          'first tokens redeemed again after a sign-out'
    if (harmless) {
      count(counts, harmless)
      return
    }
    for (const earlier of attempts) {
      if (earlier.token !== token || (!rotating && earlier.arrivedAt !== undefined)) continue
      const { fault, excuse } = judged(earlier, process)
      if (fault !== undefined) {
        violation(`${process.name} redeems ${token} again, which ${earlier.process.name} has redeemed: ${fault}`)
      } else if (excuse !== undefined) {
        count(counts, `excused second redemption: ${excuse}`)
        if (family) family.excuse ??= excuse
      }
    }
    const { last } = evidence(process)
    // a sign-out that acts without the lock may cross the last check
    const justEnded = ended !== undefined && now() - ended <= givenUp
    if (
      ended !== undefined &&
      !justEnded &&
      last !== undefined &&
      last.at > ended &&
      last.entry?.refreshToken !== token
    )
      violation(`${process.name} redeems ${token} though it has read that the session is gone`)
  }

  return {
    violations,
    violation,
    evidence,
    excuseOf,
    sent(process, { pathname, form, heldUp }) {
      const redeems = pathname.includes('/token/') && form.get('grant_type') === 'refresh_token'
      const token = redeems ? (form.get('refresh_token') ?? '') : undefined
      if (token !== undefined) {
        count(counts, 'redemptions')
        if (evidence(process).noted === undefined)
          violation(`${process.name} redeems ${token} without a note in the store`)
        if (heldUp) excuse(token, heldUpRisk)
        else compare(process, token)
      }
      const stoppedBefore = scheduler.stoppedFor(process)
      const attempt: Attempt = { process, token, sentAt: now(), stoppedBefore, heldUp }
      attempts.push(attempt)
      return attempt
    },
    handled(attempt, outcome, destroyed) {
      attempt.outcome = outcome
      if (destroyed !== undefined) attempt.destroyed = destroyed
      const body = outcome.body as { access_token?: string }
      if (body.access_token !== undefined) attempt.successor = body.access_token
      if (outcome.kind !== 'redeemed twice' || attempt.token === undefined) return
      count(counts, 'sessions revoked after a second redemption')
      const family = server().familyOf(attempt.token)
      if (family !== undefined && attempt.abortedAt !== undefined) family.excuse ??= 'a late request arrived'
    },
    inSocket(attempt) {
      if (attempt.abortedAt === undefined) attempt.arrivedAt = now()
    },
    delivered(attempt) {
      attempt.deliveredAt = now()
      const seen = evidence(attempt.process)
      if (attempt.destroyed !== undefined || attempt.outcome?.kind === 'failed') seen.troubleAt = now()
      if (attempt.outcome?.kind !== 'refused' && attempt.outcome?.kind !== 'redeemed twice') return
      seen.refusedAt = now()
      if (attempt.token !== undefined) seen.refused.add(attempt.token)
    },
    aborted(attempt) {
      attempt.abortedAt = now()
      evidence(attempt.process).troubleAt = now()
    },
    read(process, entry, { lookedAt, inTime }) {
      const seen = evidence(process)
      seen.last = { at: lookedAt, entry }
      if (entry === undefined) seen.nothingAt = now()
      else if (entry.refreshToken === undefined) seen.unrenewableAt = now()
      if (inTime) seen.latest = { at: now(), entry }
    },
    replacedLate(entry) {
      const family = entry && server().familyOf(entry.refreshToken ?? entry.accessToken)
      if (family) family.excuse ??= 'a write or removal landed long after it was begun'
    },
    readRefusal(process) {
      evidence(process).refusedAt = now()
    },
    unreadable(process) {
      const seen = evidence(process)
      seen.last = undefined
      seen.unreadableAt = now()
      for (const each of attempts)
        if (each.process === process && each.deliveredAt !== undefined) each.unreadableAt ??= now()
    },
    noted(process, by, written) {
      const seen = evidence(process)
      // another holding of the process may have lost the lock, and then fails without harm
      if (written) seen.noted = by
      else if (seen.noted === by) seen.noted = undefined
    },
    storing(process, { accessToken, refreshToken }) {
      const attempt = attempts.find((each) => each.successor === accessToken)
      if (attempt !== undefined) attempt.storingAt ??= now()
      const family = server().familyOf(accessToken)
      const ended = family && endedAt.get(family)
      const { last } = evidence(process)
      const began = now()
      const stood = attempt !== undefined && scheduler.stoppedFor(process) > attempt.stoppedBefore
      if (stood && family) {
        crossed.add(family)
        count(counts, 'residual risk: stopped between the last look and the write')
      }
      const what = `${process.name} brings back ${refreshToken ?? accessToken}`
      const comparable = attempt?.token !== undefined && !first.has(attempt.token) && !(family && crossed.has(family))
      if (comparable && ended !== undefined && last !== undefined) {
        if (last.at > ended && last.entry?.refreshToken !== attempt.token)
          violation(`${what}, whose session it has read to be gone`)
        else if (attempt.deliveredAt !== undefined && attempt.deliveredAt > ended && last.at < attempt.deliveredAt)
          violation(`${what} without a look at the store`)
      }
      // a sign-out that acts without the lock may come between its look and its write
      const lookedBefore = ended !== undefined && last !== undefined && last.at <= ended
      return {
        stored() {
          if (attempt !== undefined) Object.assign(attempt, { write: 'stored', storedAt: now() })
          if (family === undefined) return
          // nobody can hold a lock for a write that its own process has given up
          if (now() - began > givenUp) {
            lateWrites.add(family)
            family.excuse ??= 'a write landed long after it was begun'
          }
          if ((ended !== undefined && !lookedBefore) || !endedAt.has(family)) return
          crossed.add(family)
          count(counts, 'sign-out and write crossed')
        },
        failed() {
          if (attempt !== undefined && attempt.write === undefined) attempt.write = 'failed'
        },
      }
    },
    begins: (token) => void first.add(token),
    hasEnded: (family) => endedAt.has(family),
    ended(family) {
      if (!endedAt.has(family)) endedAt.set(family, now())
    },
  }
}
