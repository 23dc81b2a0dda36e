import { mutants as ofAdapters } from './of-adapters.mjs'
import { mutants as ofRequests } from './of-requests.mjs'
import { mutants as ofSessions } from './of-sessions.mjs'
import { mutants as ofTheModel } from './of-the-model.mjs'

/** Small ways to break the code that must not break, one after the other. */
export const mutants = [...ofSessions, ...ofRequests, ...ofAdapters, ...ofTheModel]
