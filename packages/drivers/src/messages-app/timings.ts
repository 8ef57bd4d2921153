/** How long things may take, milliseconds. The defaults are those of MACOS 1.5, 2.5 and PROTOCOL hole 6; tests shorten them. */
import { z } from 'zod'

const ms = (byDefault: number) => z.number().int().min(0).max(3_600_000).default(byDefault)

export const timings = z
  .object({
    /** osascript is killed after this; the script gives up after 25 s by itself. */
    osascript: ms(30_000),
    /** Between two looks for a row: at first, and once it is slow. */
    poll: ms(200),
    slowPoll: ms(2_000),
    /** A row is usually there within a tenth of a second; after this the looks become rarer, and what hung is taken for lost. */
    quick: ms(8_000),
    /** A row that Messages owes for what it accepted, and a row that stays `sending`. */
    text: ms(120_000),
    file: ms(1_200_000),
    /** Between the end of Messages and the look that proves that nothing went out. */
    quiet: ms(30_000),
    /** Before error 22 is believed where Messages can turn the message into an SMS by itself. */
    downgrade: ms(30_000),
    /** Between the end of one hand-over and the next. */
    gap: ms(500),
    /** How often the Mac is looked at. */
    health: ms(60_000),
    /** How often chat.db is read in full even when nothing seems to have changed, and how soon after a change. */
    fullPass: ms(15_000),
    debounce: ms(100),
    /** Between two looks whether chat.db has changed. */
    dataVersion: ms(1_000),
  })
  .prefault({})
export type Timings = z.infer<typeof timings>
