import { contextData, oldLibrary } from '../fixtures.mjs'
import { answerQuestions } from '../worker.mjs'

// Sets contexts by name in the global configuration, with the library it was started with.
const [library] = process.argv.slice(2)
const { context } = library === 'old' ? oldLibrary() : await import('imskit/node')
await context.get('none')

answerQuestions(async (name) => {
  await context.set(name, contextData(name), false)
})
