/**
 * The type of results that `@adobe/aio-lib-ims` declares as `any`: a program that compiles against its declarations
 * compiles against these.
 */
export type Untyped = ReturnType<typeof JSON.parse>
