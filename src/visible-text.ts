/**
 * A text with its control and format characters written out, `\u{202e}` say: shown to people it can neither forge a
 * line, steer a terminal, nor turn around what stands beside it.
 */
export function visibleText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`

const maxShownLength = 500

/** A value for a line of its own: {@link visibleText}, cut where it is long, with its length. */
export function valueText(value: string): string {
  const text = visibleText(value.slice(0, maxShownLength))
  return value.length > maxShownLength ? `${text}… (${value.length} characters)` : text
}
