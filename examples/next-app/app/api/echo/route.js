import { requireSession } from '../../../auth'

/** An API of this app, which calls one of Adobe's for the user. */
export async function GET(request) {
  const session = await requireSession(request)
  if (session instanceof Response) return session
  const response = await session.fetch(process.env.API_URL)
  return Response.json(await response.json(), { status: response.status })
}
