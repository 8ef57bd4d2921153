/** How long things may take, milliseconds. The defaults follow the limits of BlueBubbles (DRIVERS 2.1); tests shorten them. */
import { z } from 'zod'

const ms = (byDefault: number) => z.number().int().min(0).max(3_600_000).default(byDefault)

export const timings = z
  .object({
    /** Answers to questions that touch nothing. */
    ask: ms(10_000),
    /** Answers to commands; the agent waits for a minute. */
    command: ms(55_000),
    /** The answer to a text: BlueBubbles itself gives up after 2 minutes, and may have waited for Messages to start. */
    textAnswer: ms(150_000),
    /** In all, until an answered or unanswered text is called unknown; the gateway asks after 180 s. */
    text: ms(170_000),
    /** The answer to a file: 504 comes after 5 minutes, and the upload takes its time. */
    fileAnswer: ms(900_000),
    /** In all: BlueBubbles waits up to 20 minutes for a file. */
    file: ms(1_140_000),
    /** How long a row is sought after BlueBubbles has said that it is done: it writes nothing more, Messages may. */
    afterAnswer: ms(10_000),
    /** Between two looks for a row: at first, and once it is slow. */
    look: ms(300),
    slowLook: ms(2_000),
    /** The looks become rarer after this. */
    quick: ms(8_000),
    /** How long a former process's row is sought at least. */
    lookUp: ms(10_000),
    /** Before error 22 is believed where Messages can turn the message into an SMS by itself (PROTOCOL hole 9). */
    downgrade: ms(30_000),
    /** How long `start` waits for the server before it goes on without. */
    start: ms(5_000),
    /** Between two looks at the server while all is well, and while it is not. */
    health: ms(60_000),
    healthAgain: ms(5_000),
    /** Between two readings of what is new: while events are pushed, and while they are not. */
    read: ms(15_000),
    readAlone: ms(3_000),
    /** Between two readings of all that may have changed. */
    fullRead: ms(60_000),
    /** Between an event and the reading that it causes. */
    debounce: ms(50),
    /** What a full reading goes back: late rows with early dates, and Apple's 15 minutes for an edit. */
    overlap: ms(1_200_000),
    /** A row is joined to its chat by a second write; so long it is waited for. */
    unjoined: ms(10_000),
    /** Between two looks at own messages that are not read yet. */
    watch: ms(30_000),
    /** On a new journal the gateway may know better how far was read; so long no position is stored. */
    resume: ms(60_000),
    socketHandshake: ms(10_000),
    reconnectMin: ms(1_000),
    reconnectMax: ms(60_000),
  })
  .prefault({})
export type Timings = z.infer<typeof timings>
