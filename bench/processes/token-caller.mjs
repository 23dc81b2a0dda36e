import { sendOldLibraryTo } from '../fixtures.mjs'
import { answerQuestions } from '../worker.mjs'

// Gets tokens of contexts by name, with the library and from the server it was started with.
const [library, url] = process.argv.slice(2)
const { getToken, context } = library === 'old' ? sendOldLibraryTo(url) : await import('imskit/node')
// opens the configuration
await context.get('none')

answerQuestions(async (name) => (await getToken(name)).length)
