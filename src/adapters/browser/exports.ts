// the npm entry; a bundler drops what an app does not use, so it has more than the script-tag files

export { type FromUnstorageOptions, fromUnstorage, type UnstorageLike } from '../../core/from-unstorage.ts'
export {
  type IoredisLike,
  type NodeRedisLike,
  type RedisLike,
  type RedisLockOptions,
  redisLock,
} from '../../core/redis-lock.ts'
export { type RenewAheadOptions, renewAhead } from '../../core/renew-ahead.ts'
export * from './exports-page.ts'
