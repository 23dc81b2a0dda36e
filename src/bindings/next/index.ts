export * from './exports.ts'
export * as default from './exports.ts'
