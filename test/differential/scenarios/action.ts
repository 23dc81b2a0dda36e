import { afresh, call, inMinutes, type Scenario, type World } from '../scenario.ts'

const set = (name: string, data: unknown, local = false) => call('context.set', name, data, local)
const getToken = (name: string) => call('getToken', name)
const server = (w: World) => w.server
const withToken = (w: World) => ({ ...w.server, access_token: w.machine })

/** An action of I/O Runtime: contexts in memory, tokens in State. */
export const action: readonly Scenario[] = [
  {
    name: 'action: a context',
    action: true,
    calls: [set('a', { n: 1 }), call('context.get', 'a'), call('context.keys'), call('context.get', 'b')],
  },
  {
    name: 'action: the current context',
    action: true,
    calls: [call('context.getCurrent'), call('context.setCurrent', 'a'), set('', { n: 1 }), call('context.get')],
  },
  { name: 'action: a local context', action: true, calls: [set('a', { n: 1 }, true), call('context.get', 'a')] },
  { name: 'action: data that is none', action: true, calls: [set('a', 'text')] },
  {
    name: 'action: obtained, twice',
    action: true,
    calls: [set('a', server), getToken('a'), getToken('a'), call('context.keys')],
  },
  {
    name: 'action: the next container',
    action: true,
    calls: [set('a', server), getToken('a'), afresh(set('a', server)), getToken('a')],
  },
  { name: 'action: a context with a token', action: true, calls: [set('a', withToken), call('context.get', 'a')] },
  { name: 'action: a local context with a token', action: true, calls: [set('a', withToken, true), getToken('a')] },
  {
    name: 'action: a context with an expired token',
    action: true,
    calls: [
      set('a', (w: World) => ({ ...w.server, access_token: { ...w.machine, expiry: inMinutes(-1) } }), true),
      getToken('a'),
    ],
  },
  {
    name: 'action: invalidated',
    action: true,
    calls: [set('a', withToken, true), call('invalidateToken', 'a'), call('context.get', 'a')],
  },
  { name: 'action: no such context', action: true, calls: [getToken('a'), call('invalidateToken', 'a')] },
  {
    name: 'action: refused by IMS',
    action: true,
    calls: [set('a', (w: World) => ({ ...w.server, client_secrets: ['wrong'] })), getToken('a')],
  },
  { name: 'action: State refuses', action: true, stateRefuses: 403, calls: [set('a', server), getToken('a')] },
  { name: 'action: a jwt context', action: true, calls: [set('a', (w: World) => w.jwt), getToken('a')] },
]
