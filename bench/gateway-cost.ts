/** What a gateway has used so far, by its own count. */

export type GatewayCost = Readonly<{ residentBytes: number; heapBytes: number; cpuS: number; atMs: number }>

export async function costOf(url: string): Promise<GatewayCost> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  return {
    residentBytes: value('process_resident_memory_bytes'),
    heapBytes: value('nodejs_heap_size_used_bytes'),
    cpuS: value('process_cpu_seconds_total'),
    atMs: performance.now(),
  }
}
