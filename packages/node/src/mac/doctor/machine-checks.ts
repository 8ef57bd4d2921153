/** The Mac, the session, the agent and the way to the gateway (MACOS 5.1, 5.2, 5.3). */
import { programName } from '@bluewire/platform/program-name'
import { nodeOriginProblem, nodeSignatureProblem } from '../node-binary.ts'
import { wordsOf } from '../launch-agent.ts'
import type { Findings } from './findings.ts'
import { cannotTell, durationOf, ok, problem } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** The versions that this was written for; none of it has run on a newer one. */
const MACOS_MIN = 12
const MACOS_MAX = 26
const SKEW_MS_MAX = 30_000
const GIB = 1024 ** 3

const PROGRAM = programName('bluewire-node')

export function macosVersion({ macos }: Findings): Verdict {
  const major = Number.parseInt(macos ?? '', 10)
  if (macos === null || Number.isNaN(major)) return cannotTell('sw_vers does not say which macOS this is.')
  if (major < MACOS_MIN)
    return problem(`This is macOS ${macos}; the node knows Messages from macOS ${MACOS_MIN} on.`, 'Update macOS.')
  if (major <= MACOS_MAX) return ok(`macOS ${macos}.`)
  return cannotTell(
    `macOS ${macos} is newer than what this node was made for (${MACOS_MAX}): Messages may behave in another way.`,
    'Send one message to a phone of yours that is not signed in to the same Apple account, and look at its status.',
  )
}

export function session({ permitted, askedBy }: Findings): Verdict {
  const name = permitted.session
  if (name === 'Aqua') return ok('This is the session at the screen (Aqua), where a program may talk to Messages.')
  if (name === null) return cannotTell('launchctl does not say which kind of session this is.')
  if (askedBy === 'agent') {
    return problem(
      `The agent is in the session "${name}", not "Aqua": macOS can ask nobody there for its permissions, and Messages does not answer.`,
      `Log in at the screen of this Mac, open Terminal and run: ${PROGRAM} install`,
    )
  }
  return problem(
    `This command is in the session "${name}", not "Aqua" (that is so over SSH): what depends on Messages cannot be asked from here.`,
    `Open Terminal at the screen of this Mac, or by Screen Sharing, and run: ${PROGRAM} doctor`,
  )
}

export function consoleUser({ consoleUser: user, user: me }: Findings): Verdict {
  if (user === me) return ok(`${me} is logged in at the screen.`)
  if (user === null) return cannotTell('It is not known who is logged in at the screen.')
  if (user === 'root' || user === 'loginwindow') {
    return problem(
      'Nobody is logged in at the screen: Messages does not run, and the agent starts only with a login.',
      `Log in as ${me}, and for restarts turn on: System Settings > Users & Groups > Automatically log in as ${me}.`,
    )
  }
  return cannotTell(
    `${user} is at the screen, and ${me} is in the background: Messages answers there, but macOS slows it down, and nobody has measured whether everything keeps coming in.`,
    `Bring ${me} to the front for a test: the user menu at the top right.`,
  )
}

export function nodeBinary({ permitted: { node } }: Findings): Verdict {
  const signed = `Node.js ${node.version} at ${node.path}`
  const objection = nodeOriginProblem(node.path) ?? nodeSignatureProblem(node.path, node.signature)
  if (objection !== null) {
    return problem(
      `${objection}.`,
      `Install Node.js 24 from https://nodejs.org/en/download (macOS Installer), then run with that one: ${PROGRAM} install`,
    )
  }
  if (node.signature.kind === 'signed')
    return ok(`${signed}, signed by ${node.signature.by}: macOS keeps its permissions.`)
  return cannotTell(
    `${signed}: its signature cannot be read, so it is not known whether macOS keeps its permissions at an upgrade.`,
    `codesign -dv --verbose=2 ${node.path}`,
  )
}

export function launchAgent({ agent, directory }: Findings): Verdict {
  const { state, report, label } = agent
  const install = `${PROGRAM} install`
  if (!agent.isInstalled) {
    return problem(`The agent is not installed: after a restart of this Mac nothing runs.`, install)
  }
  if (agent.missing.length > 0) {
    return problem(`The agent ${label} cannot start: ${agent.missing.join(' and ')} is not there any more.`, install)
  }
  if (state.kind === 'failed') return cannotTell(`launchd cannot be asked: ${state.detail}.`)
  if (state.kind === 'absent') return problem(`The agent ${label} is installed, and launchd does not run it.`, install)
  if (state.kind === 'not_running') return problem(`The agent ${label} is ${wordsOf(state)}.`, `${PROGRAM} logs`)
  if (report?.pid === state.pid) return ok(`The agent ${label} runs (process ${state.pid}).`)
  if (agent.holder !== null && agent.holder !== state.pid) {
    return problem(
      `Another process (${agent.holder === 0 ? 'unnamed' : agent.holder}) works as the node in ${directory}; the agent ${label} has to wait for it.`,
      'Stop it where it was started (Ctrl-C).',
    )
  }
  return problem(
    `The agent ${label} runs (process ${state.pid}), and does not work: it is starting, it hangs, or the gateway has refused it.`,
    `${PROGRAM} logs`,
  )
}

export function gatewayReachable({ gateway, agent: { report } }: Findings): Verdict {
  if (gateway.kind === 'not_joined') {
    return problem('This Mac has joined no gateway.', 'Ask for the command on the gateway: npm run admin -- enrol')
  }
  if (gateway.kind === 'unreachable') {
    return problem(`The gateway at ${gateway.url} cannot be reached: ${gateway.why}.`, `curl -v ${gateway.url}/healthz`)
  }
  if (report === null) return ok(`The gateway at ${gateway.url} answers.`)
  if (report.session !== null)
    return ok(`The gateway at ${gateway.url} answers, and the agent is connected (session ${report.session}).`)
  return problem(
    `The gateway at ${gateway.url} answers this command, and the agent is not connected to it.`,
    `${PROGRAM} logs`,
  )
}

export function clock({ gateway }: Findings): Verdict {
  if (gateway.kind !== 'answers' || gateway.skewMs === null)
    return cannotTell('There is no other clock to compare with: the gateway did not say its time.')
  const seconds = Math.round(Math.abs(gateway.skewMs) / 1000)
  if (Math.abs(gateway.skewMs) <= SKEW_MS_MAX)
    return ok(`The clocks of this Mac and the gateway agree (${seconds} s apart).`)
  return problem(
    `The clock of this Mac is ${seconds} s ${gateway.skewMs > 0 ? 'ahead of' : 'behind'} the gateway's: messages get wrong times, and what expires does so too soon or too late.`,
    'System Settings > General > Date & Time: turn on "Set time and date automatically".',
  )
}

export function disk({ disk: found }: Findings): Verdict {
  if (!found) return cannotTell('The free space is not known.')
  const free = `${(found.freeBytes / GIB).toFixed(1)} GiB are free`
  if (found.freeBytes >= found.neededBytes) return ok(`${free}.`)
  return problem(
    `${free}, and below ${(found.neededBytes / GIB).toFixed(1)} GiB the node takes nothing: what became of a message could not be written down.`,
    'Free some space: System Settings > General > Storage.',
  )
}

export function awake({ agent: { report }, isAwakeProven }: Findings): Verdict {
  if (report === null) return cannotTell('The agent does not answer, and it is the one that keeps this Mac awake.')
  if (!report.awake.wanted)
    return ok('The Mac may sleep ("keep_awake": false in node.json); what is sent meanwhile waits.')
  if (report.awake.pid !== null && isAwakeProven === true)
    return ok(`caffeinate (process ${report.awake.pid}) keeps this Mac awake.`)
  if (report.awake.pid !== null && isAwakeProven === null) return cannotTell('It is not known whether caffeinate runs.')
  return problem('caffeinate does not run: this Mac may fall asleep, and then nothing is sent.', `${PROGRAM} logs`)
}

/** What the agent's driver says of itself: it has seen more than a moment. */
export function driverHealth({ agent: { report }, nowMs }: Findings): Verdict {
  if (report === null) return cannotTell('The agent does not answer.')
  const { name, state, detail, proven_at_ms: provenAtMs } = report.driver
  const proof =
    provenAtMs === null
      ? 'it has no proof yet'
      : `its last proof that messages can leave is ${durationOf(nowMs - provenAtMs)} old`
  if (state === 'ok') return ok(`The driver ${name} finds nothing wrong; ${proof}.`)
  const said = detail ?? 'it does not say why.'
  const again = `${detail === undefined ? 'Run' : 'Do what is said there, and run'} this again in two minutes.`
  return state === 'broken'
    ? problem(`The driver ${name} is broken: ${said}`, again)
    : cannotTell(`The driver ${name} is not sure of itself: ${said}`, again)
}
