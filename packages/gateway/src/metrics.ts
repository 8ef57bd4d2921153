/** What `/metrics` tells: every metric this gateway has, with its meaning. Labels are ids and words, never numbers or texts. */
import { failureCodeOf } from '@bluewire/contract/errors'
import type { FailureCode } from '@bluewire/contract/errors'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = Readonly<{
  registry: Registry
  /** `result`: accepted, replayed, mismatch, quota_exceeded, unknown. */
  accepts: Counter<'service' | 'result'>
  /** Counted by whoever commits a message's state; `reason` is made by `reasonLabel`. */
  outcomes: Counter<'status' | 'reason'>
  httpSeconds: Histogram<'route' | 'method' | 'status'>
}>

/**
 * A word of the catalogue, `none` or `other`: nodes choose the words of their reasons, and each new one would be a series that is kept for ever.
 */
export function reasonLabel(reason: string): FailureCode | 'none' | 'other' {
  return reason === '' ? 'none' : (failureCodeOf(reason) ?? 'other')
}

/** Where queues are counted: the store. Asked when `/metrics` is. */
export interface QueueSource {
  queues(): Promise<ReadonlyArray<Readonly<{ line: string; queued: number; oldestMs: number }>>>
}

/** Up to the wait for an outcome (4 s) and a little over. */
const HTTP_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4, 5, 10]

export function createMetrics(source: QueueSource): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  addQueueGauges(registry, source)
  return {
    registry,
    accepts: new Counter({
      name: 'bluewire_accepts_total',
      help: 'Requests to send that reached the store, by service and result',
      labelNames: ['service', 'result'],
      registers,
    }),
    outcomes: new Counter({
      name: 'bluewire_outcomes_total',
      help: 'Messages that came to an outcome, by status and reason',
      labelNames: ['status', 'reason'],
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'bluewire_http_request_seconds',
      help: 'Time to answer a request, waiting for an outcome included',
      labelNames: ['route', 'method', 'status'],
      buckets: HTTP_BUCKETS_S,
      registers,
    }),
  }
}

/** A line without a queue has no sample. The two gauges are read at the same time, so they share one count of the queues. */
function addQueueGauges(registry: Registry, source: QueueSource): void {
  let counting: ReturnType<QueueSource['queues']> | undefined
  const count = (): ReturnType<QueueSource['queues']> =>
    (counting ??= source.queues().finally(() => (counting = undefined)))
  const gauge = (name: string, help: string, value: (queue: { queued: number; oldestMs: number }) => number): void => {
    const made: Gauge<'line'> = new Gauge({
      name,
      help,
      labelNames: ['line'],
      registers: [registry],
      async collect() {
        const queues = await count()
        made.reset()
        for (const queue of queues) made.set({ line: queue.line }, value(queue))
      },
    })
  }
  gauge('bluewire_queue_messages', 'Messages that wait to leave, by line', (q) => q.queued)
  gauge('bluewire_queue_oldest_seconds', 'Age of the oldest message that waits, by line', (q) => q.oldestMs / 1000)
}
