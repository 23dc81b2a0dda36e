export * from './exports-page.ts'
export * as default from './exports-page.ts'
