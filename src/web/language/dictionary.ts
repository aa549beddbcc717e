import { en } from './en.js'
import { zh } from './zh.js'

/** Every text of the pages by language; English first, for it is the one for everybody else. */
export const dictionary = { en, zh } as const

export type Language = keyof typeof dictionary
export type TextKey = keyof typeof en
export type Translate = (key: TextKey, values?: Record<string, string | number>) => string

export const languages = Object.keys(dictionary) as Language[]

/** Whether this names a language of ours. */
export const isLanguage = (text: string | undefined): text is Language =>
  text !== undefined && Object.hasOwn(dictionary, text)

/** What a page says in a language, `{name}` filled in. */
export function translator(language: Language): Translate {
  return (key, values = {}) =>
    dictionary[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}

/** The texts that browser modules show, without their prefix. */
export function liveTexts(language: Language): Record<string, string> {
  const texts = Object.entries(dictionary[language]).filter(([key]) => key.startsWith('live.'))
  return Object.fromEntries(texts.map(([key, text]) => [key.slice('live.'.length), text]))
}
