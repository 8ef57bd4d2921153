/** Every setting there is, once: parsing, refusals and the table in docs/configuration.md come from here. */

type Common = Readonly<{
  name: string
  /** As one would write it; null: not set. */
  default: string | null
  /** What the default is in words, where it is no value of its own. */
  defaultNote?: string
  /** Read when the variable itself is not set. */
  otherwise?: string
  /** Who reads it. `internal`: set by Bluewire itself, not by people. */
  for: 'gateway' | 'node' | 'internal'
  description: string
}>

/** Numbers have their range in the unit that they are parsed to: milliseconds, bytes, or as they are. */
export type NumberSetting = Common &
  Readonly<{ kind: 'count' | 'duration' | 'size' | 'rate'; min: number; max: number }>
export type ChoiceSetting = Common & Readonly<{ kind: 'choice'; choices: readonly string[] }>
export type TextSetting = Common & Readonly<{ kind: 'host' | 'path' | 'file' | 'line' | 'url' | 'proxies' | 'key' }>
export type Setting = NumberSetting | ChoiceSetting | TextSetting

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const TIB = 2 ** 40

export const SETTINGS = [
  {
    name: 'BLUEWIRE_HOST',
    kind: 'host',
    default: '127.0.0.1',
    for: 'gateway',
    description:
      'The address to listen on. `0.0.0.0` or `::` listens on all of them; put a proxy with TLS in front before other machines can reach it.',
  },
  {
    name: 'BLUEWIRE_PORT',
    kind: 'count',
    default: '8080',
    otherwise: 'PORT',
    min: 0,
    max: 65_535,
    for: 'gateway',
    description: 'The TCP port to listen on; `0` takes any free one. Where it is not set, `PORT` is read.',
  },
  {
    name: 'BLUEWIRE_DATA_DIR',
    kind: 'path',
    default: './data',
    for: 'gateway',
    description:
      'The folder that holds the database and everything else that must be kept. Made when absent; one gateway at a time.',
  },
  {
    name: 'BLUEWIRE_PUBLIC_URL',
    kind: 'url',
    default: null,
    defaultNote: '`http://` host `:` port',
    for: 'gateway',
    description:
      'Where callers and nodes reach the gateway, when that is not where it listens. Used wherever an address is shown to anybody.',
  },
  {
    name: 'BLUEWIRE_TRUST_PROXY',
    kind: 'proxies',
    default: 'none',
    for: 'gateway',
    description: 'The proxies whose `X-Forwarded-*` headers are believed.',
  },
  {
    name: 'BLUEWIRE_SEND_WAIT',
    kind: 'duration',
    default: '4s',
    min: 0,
    max: 5 * MINUTE,
    for: 'gateway',
    description:
      'How long `POST /send/text` waits for the outcome before it answers that the message is on its way. The usual clients give up after 5 s.',
  },
  {
    name: 'BLUEWIRE_LINE_RATE',
    kind: 'rate',
    default: '1',
    min: 0.001,
    max: 1000,
    for: 'gateway',
    description:
      'Messages per second that one line sends, sustained. `unlimited` lifts the limit: for simulated lines only, real ones would be flagged.',
  },
  {
    name: 'BLUEWIRE_LINE_BURST',
    kind: 'count',
    default: '5',
    min: 1,
    max: 1000,
    for: 'gateway',
    description: 'Messages that a rested line may send at once.',
  },
  {
    name: 'BLUEWIRE_AD_TEXT',
    kind: 'line',
    default: 'Sent with Bluewire',
    for: 'gateway',
    description: 'The line put under each message of an account on the `free` plan. Empty: none.',
  },
  {
    name: 'BLUEWIRE_TOKEN_RATE',
    kind: 'count',
    default: '100',
    min: 1,
    max: 100_000,
    for: 'gateway',
    description: 'Requests per second that one token may make, sustained.',
  },
  {
    name: 'BLUEWIRE_TOKEN_BURST',
    kind: 'count',
    default: '200',
    min: 1,
    max: 1_000_000,
    for: 'gateway',
    description: 'Requests that a rested token may make at once.',
  },
  {
    name: 'BLUEWIRE_EXPIRES_IN',
    kind: 'duration',
    default: '4h',
    min: 10 * SECOND,
    max: 7 * DAY,
    for: 'gateway',
    description: 'How long a message may wait to be sent, where the request does not say `expires_in`.',
  },
  {
    name: 'BLUEWIRE_NODE_LOST_AFTER',
    kind: 'duration',
    default: '5m',
    min: SECOND,
    max: 7 * DAY,
    for: 'gateway',
    description: 'A node away for so long is given up: what it was sending becomes `unknown`.',
  },
  {
    name: 'BLUEWIRE_FAILOVER_AFTER',
    kind: 'duration',
    default: '5m',
    min: SECOND,
    max: 7 * DAY,
    for: 'gateway',
    description:
      'When the node of a line has been away for so long, what waits for that line moves to another line of the account.',
  },
  {
    name: 'BLUEWIRE_OFFLINE_FALLBACK_AFTER',
    kind: 'duration',
    default: '60s',
    min: SECOND,
    max: 7 * DAY,
    for: 'gateway',
    description:
      'When the node of a line has been away for so long, what waits for it and asked for `fallback` leaves as SMS, if nothing of it was ever sent to the node.',
  },
  {
    name: 'BLUEWIRE_STOP_REPLY',
    kind: 'line',
    default: '',
    for: 'gateway',
    description:
      'The confirmation that is sent to a recipient who writes STOP. Empty: none; nothing is ever answered by itself.',
  },
  {
    name: 'BLUEWIRE_SECRETS_KEY',
    kind: 'key',
    default: null,
    for: 'gateway',
    description:
      'The key that encrypts the credentials of providers: 32 bytes as 64 hexadecimal digits. Better kept in a file: `BLUEWIRE_SECRETS_KEY_FILE`.',
  },
  {
    name: 'BLUEWIRE_SECRETS_KEY_FILE',
    kind: 'file',
    default: null,
    defaultNote: 'the data folder’s name with `.key` behind it',
    for: 'gateway',
    description:
      'The file that holds that key. `npm start` makes it when it is missing and says so; `bluewire-gateway key create` makes one too. Whoever has it and the database has the credentials: keep the two apart in backups.',
  },
  {
    name: 'BLUEWIRE_RETAIN_BODIES',
    kind: 'duration',
    default: '90d',
    min: DAY,
    max: 3650 * DAY,
    for: 'gateway',
    description: 'The texts of messages older than this are erased.',
  },
  {
    name: 'BLUEWIRE_RETAIN_FACTS',
    kind: 'duration',
    default: '400d',
    min: 7 * DAY,
    max: 3650 * DAY,
    for: 'gateway',
    description: 'Everything else about messages older than this is erased.',
  },
  {
    name: 'BLUEWIRE_DISK_ACCEPT_FREE',
    kind: 'size',
    default: '256MiB',
    min: 0,
    max: TIB,
    for: 'gateway',
    description:
      'With less free space where the data folder is, nothing new is accepted (503); what was accepted is still sent.',
  },
  {
    name: 'BLUEWIRE_DISK_DISPATCH_FREE',
    kind: 'size',
    default: '32MiB',
    min: 0,
    max: TIB,
    for: 'gateway',
    description: 'With less free space than this, sending stops too, until there is space again.',
  },
  {
    name: 'BLUEWIRE_LOG_LEVEL',
    kind: 'choice',
    default: 'info',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    for: 'gateway',
    description: 'The least important entries that are logged.',
  },
  {
    name: 'BLUEWIRE_NODE_MIN_FREE',
    kind: 'size',
    default: '1GiB',
    min: 0,
    max: TIB,
    for: 'node',
    description:
      'With less free space where its folder is, the node of the quick start takes no new work. Other nodes are told when they join: `--min-free-mib`.',
  },
  {
    name: 'BLUEWIRE_LIFELINE_FD',
    kind: 'count',
    default: null,
    min: 3,
    max: 1_000_000,
    for: 'internal',
    description: 'The pipe by which a process learns that its parent is gone.',
  },
  {
    name: 'BLUEWIRE_MAC_TOOLS',
    kind: 'path',
    default: null,
    for: 'internal',
    description: 'A folder with programs that stand in for those of macOS.',
  },
] as const satisfies readonly Setting[]
