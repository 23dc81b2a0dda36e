/** The contract suites of imskit/testing, with every use of their subject counted: one that uses nothing shows nothing. */
export function contracts(test, { testing, makeStore, makeLock, makeRedirect, comeBack }) {
  let uses = 0
  const counting = (need) => (name, run) =>
    test(
      name,
      async (is) => {
        const before = uses
        await run()
        is.true(uses > before, 'the contract used what it is about')
      },
      need,
    )
  const counted = (subject) =>
    new Proxy(subject, {
      apply(call, self, args) {
        uses++
        return Reflect.apply(call, self, args)
      },
      get(object, key) {
        const value = object[key]
        return typeof value === 'function' ? counted(value.bind(object)) : value
      },
    })
  testing.storeContract(counting('store'), { makeStore: async () => counted(await makeStore()) })
  testing.lockContract(counting('lock'), { makeLock: async () => counted(await makeLock()) })
  testing.redirectContract(counting('redirect'), {
    makeRedirect: async (visit) => counted(await makeRedirect(visit)),
    comeBack,
  })

  test('clock: wakes sleepers in the order of their alarms', async (is) => {
    const clock = testing.fakeClock(0)
    const woken = []
    void clock.sleep(20).then(() => woken.push(20))
    void clock.sleep(10).then(() => woken.push(10))
    await clock.advance(15)
    is.same(woken, [10], 'woken')
    await clock.advance(15)
    is.same(woken, [10, 20], 'woken')
    is.same(clock.now(), 30, 'now')
  })
}
