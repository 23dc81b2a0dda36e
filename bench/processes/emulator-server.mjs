import { startEmulator } from 'imskit/emulator'
import { answerQuestions } from '../worker.mjs'

const { url, contexts } = await startEmulator()
const { client_id, client_secrets, scopes } = contexts.oauth_server_to_server
const facts = { url, form: { client_id, client_secret: client_secrets[0], scope: scopes.join(',') } }
answerQuestions((question) => (question === 'facts' ? facts : Math.round(process.memoryUsage.rss() / 2 ** 20)))
process.on('disconnect', () => process.exit())
