/** `GET /healthz` and `GET /readyz`. */
import { z } from 'zod'

export const healthAnswer = z.object({ status: z.literal('ok') }).meta({ title: 'Health' })

export type HealthAnswer = z.infer<typeof healthAnswer>
