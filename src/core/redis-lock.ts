import { untilAborted } from './async.ts'
import { type ConfigurationError, isImsError, UnavailableError } from './errors.ts'
import { systemClock } from './memory.ts'
import { badOption, checkOptions, type OptionNames, requireMethods } from './options.ts'
import type { Clock, Hold, Lock } from './ports.ts'
import { safeCause } from './redact.ts'
import { lockWait, renewalLimit } from './session/times.ts'
import { longestTimer, monotonic } from './time.ts'

/** The part of an `ioredis` client or cluster that is used. */
export interface IoredisLike {
  readonly status: string
  eval(script: string, keyCount: number, ...keysAndValues: string[]): Promise<unknown>
}

/** The part of a `redis` (node-redis, version 4 or later) client, pool or cluster that is used. */
export interface NodeRedisLike {
  readonly isOpen: boolean
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A Redis client that {@link redisLock} can use. */
export type RedisLike = IoredisLike | NodeRedisLike

export interface RedisLockOptions {
  /** ms without a heartbeat after which a holder loses the lock, at least 10,000. Default: 10,000. */
  readonly lease?: number | undefined
  /** Default: the runtime's clock. */
  readonly clock?: Clock | undefined
}

const shortestLease = 10_000
/** ms that Redis may take for one answer. */
const answerLimit = 5_000
/** ms that the result of a task waits for the release of its lock. */
const releaseLimit = 1_000
/** ms for which Redis remembers that a holding has ended. */
const endedFor = 600_000
const shortestPause = 10
const longestPause = 100
const tick = 500

const ifOwn = 'if redis.call("get", KEYS[1]) == ARGV[1] then '
const scripts = {
  // a holder that did not receive the answer asks again with the same id
  acquire: `if redis.call("set", KEYS[1], ARGV[1], "NX", "PX", ARGV[2]) then return 1 end
${ifOwn}return redis.call("pexpire", KEYS[1], ARGV[2]) end
return 0`,
  extend: `${ifOwn}return redis.call("pexpire", KEYS[1], ARGV[2]) end return 0`,
  withdraw: `${ifOwn}return redis.call("del", KEYS[1]) end return 0`,
  release: `redis.call("set", KEYS[2], "1", "PX", ARGV[2])
${ifOwn}return redis.call("del", KEYS[1]) end return 0`,
  hasEnded: 'return redis.call("exists", KEYS[1])',
}

const optionNames: OptionNames<RedisLockOptions> = { lease: 1, clock: 1 }

/**
 * A {@link Lock} among all processes that use one Redis, with a client of `ioredis` or `redis`. A holder extends its
 * lease while its task runs; if its process dies, the lock is free after the lease.
 *
 * @example
 * const ims = createClient({ flow, store, lock: redisLock(new Redis(process.env.REDIS_URL)) })
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @throws {UnavailableError} from the lock: `STORE_FAILED` if Redis fails, `TIMEOUT` if other holders keep it too long
 */
export function redisLock(client: RedisLike, options: RedisLockOptions = {}): Lock {
  checkOptions('redisLock', options, optionNames)
  const { lease = shortestLease, clock = systemClock } = options
  requireMethods('clock', clock, 'sleep')
  if (!Number.isInteger(lease) || lease < shortestLease || lease > longestTimer)
    throw badOption(
      `The lease of redisLock is not a whole number of ms from ${shortestLease} to ${longestTimer}. Change it or leave it out.`,
    )
  const redis: Redis = { run: scriptRunner(client), clock, lease }
  const lock: Lock = async (name, task, signal) => {
    signal?.throwIfAborted()
    const holding = { key: keyOf(name), id: crypto.randomUUID() }
    await acquire(redis, holding, signal)
    const stop = keepAlive(redis, holding)
    try {
      signal?.throwIfAborted()
      return await task(holdOf(redis, holding))
    } finally {
      stop()
      await release(redis, holding)
    }
  }
  return Object.assign(lock, { lease })
}

type RunScript = (script: string, keys: string[], values: string[]) => Promise<unknown>

interface Redis {
  readonly run: RunScript
  readonly clock: Clock
  readonly lease: number
}

interface Holding {
  readonly key: string
  readonly id: string
}

function scriptRunner(client: RedisLike): RunScript {
  if (typeof client === 'object' && client !== null && typeof client.eval === 'function') {
    if ('isOpen' in client) return (script, keys, values) => client.eval(script, { keys, arguments: values })
    if ('status' in client) return (script, keys, values) => client.eval(script, keys.length, ...keys, ...values)
  }
  throw unknownClient()
}

function unknownClient(): ConfigurationError {
  return badOption(
    'The client given to redisLock is not a client of ioredis, nor one of redis 4 or later that returns promises. Pass one of these.',
  )
}

/** In a cluster, the text in braces decides which node has a key: all keys of a lock are on one node. */
function keyOf(name: string): string {
  return `imskit:lock:{${name.replace(/[{}%]/g, encodeURIComponent)}}`
}

function endedKey(key: string, id: string): string {
  return `${key}:ended:${id}`
}

interface Question {
  readonly keys: string[]
  readonly values?: string[]
}

/** Whether the script found what it looks for. */
async function ask(redis: Redis, script: keyof typeof scripts, { keys, values = [] }: Question): Promise<boolean> {
  try {
    const reply = redis.run(scripts[script], keys, values)
    // clients with callbacks return something else
    if (typeof (reply as Promise<unknown> | undefined)?.then !== 'function') throw unknownClient()
    const text = String(await within({ clock: redis.clock, ms: answerLimit, late: noAnswer }, reply))
    if (text === '0' || text === '1') return text === '1'
    throw new Error('the reply is neither 0 nor 1')
  } catch (error) {
    if (isImsError(error)) throw error
    const message = 'Redis failed when it was asked for a lock. Check that it can be reached, then try again.'
    throw new UnavailableError('STORE_FAILED', message, { cause: safeCause(error) })
  }
}

const noAnswer = () =>
  new UnavailableError(
    'STORE_FAILED',
    `Redis did not answer within ${answerLimit} ms when it was asked for a lock. Check that it can be reached, then try again.`,
  )

async function acquire(redis: Redis, { key, id }: Holding, signal: AbortSignal | undefined): Promise<void> {
  const ms = Math.max(lockWait, redis.lease + renewalLimit)
  const late = () =>
    new UnavailableError('TIMEOUT', `Other processes held the lock in Redis for ${ms} ms. Try again later.`)
  const leaving = new AbortController()
  const polling = poll(redis, { key, id }, leaving.signal)
  try {
    await untilAborted(within({ clock: redis.clock, ms, late }, polling), signal)
  } catch (error) {
    leaving.abort()
    // a request that is on its way may still acquire the lock
    const withdraw = () => ask(redis, 'withdraw', { keys: [key], values: [id] })
    polling.then(withdraw, withdraw).catch(() => {})
    throw error
  }
}

async function poll(redis: Redis, { key, id }: Holding, leaving: AbortSignal): Promise<void> {
  const { clock, lease } = redis
  for (let pause = shortestPause; ; pause = Math.min(pause * 1.5, longestPause)) {
    const asked = monotonic(clock)
    const acquired = await ask(redis, 'acquire', { keys: [key], values: [id, String(lease)] })
    leaving.throwIfAborted()
    // after an answer that was read late the lease may have expired: ask again
    if (acquired && monotonic(clock) - asked < lease / 2) return
    if (!acquired) await clock.sleep(pause * (0.5 + Math.random()), leaving)
  }
}

function extend(redis: Redis, { key, id }: Holding): Promise<boolean> {
  return ask(redis, 'extend', { keys: [key], values: [id, String(redis.lease)] })
}

/** Extends the lease again and again until the returned function is called. */
function keepAlive(redis: Redis, holding: Holding): () => void {
  const over = new AbortController()
  const beat = async () => {
    for (;;) {
      await redis.clock.sleep(redis.lease / 3, over.signal)
      extend(redis, holding).catch(() => {})
    }
  }
  beat().catch(() => {})
  return () => over.abort()
}

function holdOf(redis: Redis, holding: Holding): Hold {
  return {
    id: holding.id,
    stillHeld: () => extend(redis, holding),
    hasEnded: (id) => ask(redis, 'hasEnded', { keys: [endedKey(holding.key, id)] }).catch(() => false),
  }
}

/** Never rejects: if Redis fails now, the result of the task still counts, and the lease expires by itself. */
async function release(redis: Redis, { key, id }: Holding): Promise<void> {
  const released = ask(redis, 'release', { keys: [key, endedKey(key, id)], values: [id, String(endedFor)] })
  await within({ clock: redis.clock, ms: releaseLimit, late: noAnswer }, released).catch(() => {})
}

interface Limit {
  readonly clock: Clock
  readonly ms: number
  readonly late: () => Error
}

/**
 * `work`, or a rejection after this process has run for `ms`. Each tick counts as long as it should have taken, so a
 * process that stood still reads what has arrived meanwhile before it gives up.
 */
async function within<T>({ clock, ms, late }: Limit, work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const run = async (): Promise<never> => {
    for (let left = ms; left > 0; left -= tick) await clock.sleep(Math.min(left, tick), over.signal)
    throw late()
  }
  try {
    return await Promise.race([work, run()])
  } finally {
    over.abort()
  }
}
