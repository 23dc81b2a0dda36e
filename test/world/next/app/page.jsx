import { context, getToken, getTokenData } from 'imskit'
import { SignIn } from './sign-in'

export const dynamic = 'force-dynamic'

/** A server component. */
export default async function Page() {
  const { endpoint: _, ...data } = JSON.parse(process.env.CONTEXT)
  await context.set('page', data, true)
  return (
    <main>
      <p>The client is {getTokenData(await getToken('page')).client_id}.</p>
      <SignIn />
    </main>
  )
}
