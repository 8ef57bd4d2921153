/** The known name a person probably meant, for "did you mean". Null when none is near. */
export function nearestName(written: string, known: readonly string[]): string | null {
  const wanted = written.toLowerCase()
  if (wanted.length > 64) return null
  let best: { name: string; distance: number } | null = null
  for (const name of known) {
    const distance = editDistance(wanted, name.toLowerCase())
    if (best === null || distance < best.distance) best = { name, distance }
  }
  const far = Math.max(2, Math.floor(wanted.length / 3))
  return best !== null && best.distance <= far ? best.name : null
}

/** Insertions, deletions and substitutions (Levenshtein), one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
