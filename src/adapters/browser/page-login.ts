export * from './exports-login.ts'
export * as default from './exports-login.ts'
