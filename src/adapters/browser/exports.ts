// what a bundler leaves out of an app that does not use it, and a file for a script tag need not hold

export { type FromUnstorageOptions, fromUnstorage, type UnstorageLike } from '../../core/from-unstorage.ts'
export {
  type IoredisLike,
  type NodeRedisLike,
  type RedisLike,
  type RedisLockOptions,
  redisLock,
} from '../../core/redis-lock.ts'
export * from './exports-page.ts'
