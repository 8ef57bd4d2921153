/** No name is longer; what is, would only cost time. */
const LENGTH_MAX = 100

/** The known name that somebody most likely meant, for "did you mean". Null: none is near. */
export function nearestName(typed: string, known: readonly string[]): string | null {
  if (typed.length > LENGTH_MAX) return null
  let best: { name: string; edits: number } | null = null
  for (const name of known) {
    const edits = editDistance(typed.toLowerCase(), name.toLowerCase())
    if (best === null || edits < best.edits) best = { name, edits }
  }
  // A third of the name: enough for a slip or a missing word, too little for an unrelated name.
  return best !== null && best.edits <= Math.max(2, Math.floor(best.name.length / 3)) ? best.name : null
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1)
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
