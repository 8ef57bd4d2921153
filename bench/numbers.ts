/** Medians, percentiles, and how numbers are written. */

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? NaN
}

export function rate(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`
}

/** `0.16 ms` */
export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`
}

/** `p50 0.16 ms, p99 0.31 ms` */
export function spread(ms: readonly number[]): string {
  return `p50 ${milliseconds(percentile(ms, 0.5))}, p99 ${milliseconds(percentile(ms, 0.99))}`
}
