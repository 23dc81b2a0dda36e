import { clientCredentials, createClient, getTokenData, workerPlatform } from 'imskit'

export const runtime = 'edge'
export const dynamic = 'force-dynamic'

export async function GET() {
  const { endpoint, ...data } = JSON.parse(process.env.CONTEXT)
  const flow = clientCredentials({
    clientId: data.client_id,
    clientSecret: data.client_secrets[0],
    scopes: data.scopes,
    orgId: data.ims_org_id,
  })
  const ims = createClient({ flow, endpoint, ...workerPlatform() })
  return Response.json({ client: getTokenData(await ims.getToken()).client_id })
}
