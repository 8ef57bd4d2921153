/** How long things may take, in milliseconds. Tests have shorter ones; nobody else has a reason to. */
export type ImsgTimes = Readonly<{
  /** Start waits this long for the child; afterwards it comes up by itself. */
  startMs: number
  initializeMs: number
  /** Any question that changes nothing: a child that does not answer it is wedged. */
  readMs: number
  /** imsg waits 8 s for the row of a text, and its own osascript is bounded (DRIVERS 2.2). */
  sendMs: number
  commandMs: number
  /** What is to be sent waits this long for a child that is being restarted. */
  readyMs: number
  /** A message whose answer was lost is looked for this long: imsg finishes what it accepted, also when its standard input has ended. */
  lookMs: number
  /** A row that is neither sent nor failed is watched this long before the outcome is called unknown. */
  confirmMs: number
  confirmFileMs: number
  /** Between two looks at a row that is not final. */
  pollMs: number
  /** Messages may still send as SMS what it could not send as iMessage (PROTOCOL, hole 9). */
  downgradeMs: number
  /** On a new journal the gateway may say where the one before was; so long nothing is told. */
  holdMs: number
  statusEveryMs: number
  sweepEveryMs: number
  backoffMinMs: number
  backoffMaxMs: number
  /** From the end of standard input to SIGTERM, and from there to SIGKILL. */
  stopMs: number
}>

export const IMSG_TIMES: ImsgTimes = {
  startMs: 8_000,
  initializeMs: 10_000,
  readMs: 20_000,
  sendMs: 60_000,
  commandMs: 35_000,
  readyMs: 15_000,
  lookMs: 20_000,
  confirmMs: 60_000,
  confirmFileMs: 600_000,
  pollMs: 500,
  downgradeMs: 30_000,
  holdMs: 15_000,
  statusEveryMs: 30_000,
  sweepEveryMs: 30_000,
  backoffMinMs: 500,
  backoffMaxMs: 30_000,
  stopMs: 1_500,
}
