/** One connection between a node and a gateway, as the protocol sees it: text frames in order, until it is closed. */
export interface FrameSocket {
  /** Frames given after `close`, or after the other side went away, are dropped silently. */
  send(text: string): void
  /** Ends the connection. With `now`, nothing that is still in a buffer is read any more. */
  close(how?: 'politely' | 'now'): void
  /** Nothing is read until `resume`. A socket without them is always read. */
  pause?(): void
  resume?(): void
}
