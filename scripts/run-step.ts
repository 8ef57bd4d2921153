/** Runs one step as a process group of its own, so that all it started can be ended with it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { ROOT } from './steps.ts'
import type { Step } from './steps.ts'

export type StepResult = Readonly<{
  step: Step
  /** Null: the step ended well. */
  failure: string | null
  durationMs: number
  /** What it printed; empty when it printed to the terminal itself. */
  output: string
}>

export type RunOptions = Readonly<{
  /** Print as it goes, or keep the output for later: two steps at once would mix their lines. */
  output: 'shown' | 'kept'
  args: readonly string[]
  env: NodeJS.ProcessEnv
}>

const KILL_AFTER_MS = 10_000
const running = new Set<ChildProcess>()

export function runStep(step: Step, options: RunOptions): Promise<StepResult> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...step.command, ...options.args], {
    cwd: ROOT,
    detached: true,
    stdio: options.output === 'shown' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    env: options.env,
  })
  running.add(child)
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => output.push(bytes.toString()))

  let tookTooLong = false
  const limit = setTimeout(() => {
    tookTooLong = true
    endGroup(child)
  }, step.minutesMax * 60_000)

  return new Promise((resolve) => {
    const end = (failure: string | null) => {
      clearTimeout(limit)
      running.delete(child)
      resolve({
        step,
        failure: tookTooLong ? `took longer than ${step.minutesMax} minutes` : failure,
        durationMs: performance.now() - startedMs,
        output: output.join(''),
      })
    }
    child.on('error', (error) => end(error.message))
    child.on('close', (code, signal) =>
      end(code === 0 ? null : signal === null ? `exit code ${code}` : `ended by ${signal}`),
    )
  })
}

/** Ends what is running now. */
export function endAllSteps(): void {
  for (const child of running) endGroup(child)
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM')
  setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref()
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It ended already.
  }
}
