import { context, getToken, getTokenData } from 'imskit'

export const dynamic = 'force-dynamic'

export async function GET() {
  const { endpoint: _, ...data } = JSON.parse(process.env.CONTEXT)
  await context.set('route', data, true)
  return Response.json({ client: getTokenData(await getToken('route')).client_id })
}
