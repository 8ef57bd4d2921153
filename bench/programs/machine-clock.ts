/** Milliseconds on a clock that is the same in every process of the machine. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
