export { proxy } from './auth'

// everything except files, which need no session
export const config = { matcher: '/((?!_next/static|_next/image|favicon.ico).*)' }
