/** What a connection to an SMSC is set up with. */
import { z } from 'zod'
import { count, duration } from '../settings-values.ts'

/** Text, too: the command line has nothing else. */
const yesOrNo = z.union([z.boolean(), z.stringbool()])
const time = duration({ minMs: 10, maxMs: 3_600_000 })
const byte = count({ min: 0, max: 255 })
const MESSAGE_ID_FORMS = ['text', 'hex', 'decimal'] as const

export const smppSettings = z.strictObject({
  host: z.string().min(1).describe('name or address of the SMSC'),
  port: count({ min: 1, max: 65_535 }).default(2775).describe('its port; with TLS often 3550; 2775 by default'),
  tls: yesOrNo.default(false).describe('speak TLS; false by default'),
  ca: z.string().min(1).optional().describe('file with the certificates (PEM) to trust in place of the public ones'),
  servername: z
    .string()
    .min(1)
    .optional()
    .describe("the name that the SMSC's certificate is for, where it is not host"),
  verify: yesOrNo.default(true).describe("check the SMSC's certificate; false only for a trial; true by default"),
  mode: z
    .enum(['transceiver', 'transmitter_receiver'])
    .default('transceiver')
    .describe('transceiver: one connection for both ways; transmitter_receiver: one for each; transceiver by default'),
  system_id: z.string().min(1).max(15).describe('the name to log in with'),
  system_type: z.string().max(12).default('').describe('as the company says; mostly nothing'),
  service_type: z.string().max(5).default('').describe('as the company says; mostly nothing'),
  address_ton: byte.default(0).describe('type of number of address_range, in the login; 0 by default'),
  address_npi: byte.default(0).describe('numbering plan of address_range, in the login; 0 by default'),
  address_range: z
    .string()
    .max(40)
    .default('')
    .describe('the numbers whose inbound messages are wanted; mostly nothing'),
  source_ton: byte.optional().describe('type of number of the sender; 1 for +…, 3 for a short code, 5 for a name'),
  source_npi: byte.optional().describe('numbering plan of the sender; 1 for +…, otherwise 0'),
  dest_ton: byte.default(1).describe('type of number of the recipient; 1 by default'),
  dest_npi: byte.default(1).describe('numbering plan of the recipient; 1 by default'),
  window: count({ min: 1, max: 1_000 })
    .default(10)
    .describe('submits that may wait for their answer at a time; 10 by default'),
  throughput: z.coerce
    .number()
    .min(0)
    .max(10_000)
    .default(10)
    .describe('SMS per second, each part of a long one counts; 0: no limit; 10 by default'),
  default_alphabet: z
    .enum(['gsm', 'latin1'])
    .default('gsm')
    .describe('what the SMSC takes data_coding 0 for: gsm or latin1; gsm by default'),
  encoding: z
    .enum(['auto', 'ucs2'])
    .default('auto')
    .describe('auto: GSM where the text fits it; ucs2: always UCS-2; auto by default'),
  /**
   * udh, although one PDU with the whole text settles more cleanly: an SMSC that does not know message_payload may take it and cut it, or
   * send nothing, and say that all is well. Parts with a header work everywhere, and what is known of them is known part by part.
   */
  long_messages: z
    .enum(['udh', 'payload'])
    .default('udh')
    .describe('udh: parts that the phone joins; payload: one message_payload, where the SMSC has it; udh by default'),
  references: yesOrNo
    .default(true)
    .describe(
      'send user_message_reference, which receipts may repeat; false where the SMSC refuses it; true by default',
    ),
  response_ids: z
    .enum(MESSAGE_ID_FORMS)
    .default('text')
    .describe('how the SMSC writes message ids in its answers: text, hex or decimal; text by default'),
  receipt_ids: z
    .enum(MESSAGE_ID_FORMS)
    .default('text')
    .describe('how it writes the same ids in its receipts; text by default'),
  query: yesOrNo
    .default(false)
    .describe('ask with query_sm for what is not known, where the SMSC has that; false by default'),
  opted_out_status: z
    .string()
    .regex(/^\s*(0x[0-9a-f]+|\d+)?(\s*,\s*(0x[0-9a-f]+|\d+))*\s*$/i)
    .default('')
    .describe('the statuses by which this SMSC says that a recipient wants no more messages, like 0x457,1281'),
  enquire_link: time.default(30_000).describe('how often to ask whether the SMSC is there; 30s by default'),
  enquire_link_answer: time.default(10_000).describe('how long it may take to say so; 10s by default'),
  answer_within: duration({ minMs: 10, maxMs: 60_000 })
    .default(30_000)
    .describe('how long it may take to answer a submit; 30s by default'),
  bind_within: time.default(10_000).describe('how long connecting and logging in may take; 10s by default'),
  reconnect_min: time
    .default(1_000)
    .describe('how long to wait before the first new try to connect; doubled for each; 1s by default'),
  reconnect_max: time.default(60_000).describe('the longest wait, and the wait after a refused login; 60s by default'),
  part_hold: time
    .default(5_000)
    .describe('how long a part of an inbound text may stay unacknowledged while the others are awaited; 5s by default'),
})

export const smppSecrets = z.strictObject({
  // 8 letters by the standard; many SMSCs take more.
  password: z.string().max(64).default('').describe('the password to log in with'),
})

export type SmppSettings = z.infer<typeof smppSettings>
export type SmppSecrets = z.infer<typeof smppSecrets>
export type MessageIdForm = (typeof MESSAGE_ID_FORMS)[number]
