/**
 * A text with its control and format characters written out, `\u{202e}` say: shown to people it can neither forge a
 * line, steer a terminal, nor turn around what stands beside it.
 */
export function visibleText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`
