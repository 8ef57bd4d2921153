/** A template that cannot work, in a sentence for whoever wrote it. */
export class TemplateError extends Error {
  override name = 'TemplateError'
}
