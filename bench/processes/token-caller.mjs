import { sendOldLibraryTo } from '../fixtures.mjs'
import { answerQuestions } from '../worker.mjs'
import { plainToken } from './plain-token.mjs'

// Gets tokens of contexts by name, with the library and from the server it was started with.
const [library, url] = process.argv.slice(2)
const libraries = {
  ours: () => import('imskit/node'),
  old: () => sendOldLibraryTo(url),
  floor: () => ({ getToken: plainToken(url, process.env.HOME) }),
}
const { getToken, context } = await libraries[library]()
// opens the configuration
await context?.get('none')

answerQuestions(async (name) => (await getToken(name)).length)
