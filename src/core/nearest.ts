/** More wrong letters than these are another word. */
const mostEdits = 3

/** The one of `names` that `word` was probably meant to be. Case, `_`, `-` and a plural `s` do not count. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const most = Math.min(mostEdits, Math.max(1, word.length / 3))
  for (let edits = 0; edits <= most; edits++) {
    const found = names.find((name) => isWithin(edits, plain(word), plain(name)))
    if (found !== undefined) return found
  }
  return undefined
}

const plain = (name: string) => name.toLowerCase().replace(/[_-]|s$/g, '')

/** Whether at most so many edits make one word of the other, two neighbours in the wrong order being one. */
function isWithin(edits: number, one: string, other: string): boolean {
  let same = 0
  while (same < one.length && one[same] === other[same]) same++
  const rest = (cutOne: number, cutOther: number) =>
    isWithin(edits - 1, one.slice(same + cutOne), other.slice(same + cutOther))
  if (edits === 0) return one.slice(same) === other.slice(same)
  const swapped = one[same] === other[same + 1] && one[same + 1] === other[same]
  return rest(1, 0) || rest(0, 1) || rest(1, 1) || (swapped && rest(2, 2))
}
