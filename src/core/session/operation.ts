import { type ImsErrorCode, isImsError } from '../errors.ts'
import { type OperationName, operationId, type Report } from '../events.ts'
import type { Setup } from '../setup.ts'
import { listen, type SessionMemory } from './state.ts'

/**
 * Runs `work` as one operation: the events of its session have one id and the request id that IMS sent last, and the final
 * one says how long it took.
 */
export async function inOperation<T>(
  state: SessionMemory,
  name: OperationName,
  work: (own: SessionMemory) => Promise<T>,
): Promise<T> {
  // the changes of other tabs are not part of it
  listen(state)
  const { setup } = state
  const { connection } = setup
  const { clock } = connection
  const [operation, began] = [operationId(), clock.now()]
  let requestId: string | undefined
  let code: ImsErrorCode | 'OTHER' | undefined
  const emit: Report = (event) => {
    requestId = event.requestId ?? requestId
    connection.emit({ ...event, operation, requestId })
  }
  const own: Setup = {
    ...setup,
    connection: { ...connection, emit },
    call: async (signal) => ({ ...(await setup.call(signal)), emit }),
  }
  try {
    // what is written to the session is written to the original, which all operations share
    return await work(
      new Proxy(state, { get: (target, key) => (key === 'setup' ? own : target[key as keyof SessionMemory]) }),
    )
  } catch (error) {
    code = isImsError(error) ? error.code : 'OTHER'
    throw error
  } finally {
    emit({ type: 'operation', name, duration: clock.now() - began, code })
  }
}
