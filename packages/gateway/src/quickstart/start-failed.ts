/** The quick start cannot go on. The message is for the person who started it. */
export class StartFailed extends Error {
  override name = 'StartFailed'
  readonly exitCode: number
  constructor(sentence: string, exitCode = 1) {
    super(sentence)
    this.exitCode = exitCode
  }
}
