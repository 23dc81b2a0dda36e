import { requireToken } from 'imskit'
import { NextResponse } from 'next/server'

export const config = { matcher: '/token' }

/** Runs in the edge runtime. */
export async function middleware(request) {
  const { endpoint, client_id } = JSON.parse(process.env.CONTEXT)
  const caller = await requireToken({ endpoint, allowList: [client_id] })(request)
  return caller instanceof Response ? caller : NextResponse.next()
}
