import type { Registry } from '../../handlers/registry.js'

/** A field of a form: of a task's input, or of its settings. */
interface FormField {
  /** `data.seconds`, `queue`. */
  name: string
  label: string
  kind: 'text' | 'number' | 'choice' | 'json' | 'jsonOrText'
  isRequired: boolean
  hint?: string | undefined
  choices?: string[]
  /** Of a number. */
  min?: number | undefined
  max?: number | undefined
  step?: string
  value: string
  mistakes: string[]
}

/** The form that enqueues a task, as a page shows it. */
export interface TaskForm {
  tasks: string[]
  /** The one that is chosen; none where there are no handlers. */
  task: string | undefined
  input: FormField[]
  settings: FormField[]
  /** Mistakes that belong to no field. */
  mistakes: string[]
}

export type FormValues = Record<string, string | string[]>

/** What forms need to know of JSON Schema. */
interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  description?: string
  minimum?: number
  maximum?: number
}

const wholeInput = 'data'
const settingNames = ['queue', 'priority', 'delay', 'attempts'] as const

/**
 * The form for a task, made from its handler's input schema.
 *
 * @param values what was sent, to be shown again
 * @param mistakes what was wrong with it, each as `field: …`
 */
export function taskForm(
  registry: Registry,
  chosen: string | undefined,
  { values = {}, mistakes = [] }: { values?: FormValues; mistakes?: readonly string[] } = {},
): TaskForm {
  const tasks = [...registry.keys()].sort()
  const task = chosen !== undefined && registry.has(chosen) ? chosen : tasks[0]
  const input = task === undefined ? [] : inputFields(registry.get(task)?.input as Schema)
  const fields = [...input, ...settingFields()]
  for (const field of fields) field.value = [values[field.name] ?? field.value].flat().join('\n')
  const left = mistakes.flatMap(spread).filter((mistake) => !assign(mistake, fields))
  return { tasks, task, input, settings: fields.slice(input.length), mistakes: left }
}

/**
 * The request that a form means, as `POST /tasks` takes it, and what could not be read. A field left empty was not sent,
 * unless it is a text that has to be there.
 */
export function fromForm(values: FormValues, registry: Registry): { request: object; mistakes: string[] } {
  const task = [values.task ?? ''].flat()[0] ?? ''
  const schema = registry.get(task)?.input
  const mistakes: string[] = []
  const read = (field: FormField): [string, unknown][] => {
    const raw = [values[field.name] ?? ''].flat()[0] ?? ''
    if (raw === '' && !(field.kind === 'text' && field.isRequired)) return []
    const { value, mistake } = readField(field, raw)
    if (mistake) mistakes.push(mistake)
    return [[field.name, value]]
  }
  const fields = schema ? inputFields(schema) : []
  const whole = fields.find(({ name }) => name === wholeInput)
  const parts = fields.flatMap(read).map(([name, value]) => [name.slice(wholeInput.length + 1), value])
  const data: unknown = whole ? read(whole)[0]?.[1] : Object.fromEntries(parts)
  const settings = Object.fromEntries(settingFields().flatMap(read))
  return { request: { task, ...settings, data }, mistakes }
}

function readField(field: FormField, raw: string): { value: unknown; mistake?: string } {
  const { kind, name, choices } = field
  if (kind === 'text') return { value: raw }
  if (kind === 'choice') return { value: isBoolean(choices) ? raw === 'true' : raw }
  // What is no number is passed on: the check that follows says what was expected.
  if (kind === 'number') return { value: Number.isFinite(Number(raw)) ? Number(raw) : raw }
  try {
    return { value: JSON.parse(raw) as unknown }
  } catch (error) {
    if (kind === 'jsonOrText') return { value: raw }
    return { value: raw, mistake: `${name}: expected JSON: ${(error as Error).message}` }
  }
}

const booleans = ['true', 'false']
const isBoolean = (choices: string[] = []): boolean => choices.join() === booleans.join()

function inputFields(schema: Schema): FormField[] {
  const { type, properties, required = [] } = schema
  if (type !== 'object' || !properties) {
    return [toField(wholeInput, wholeInput, { schema: {}, isRequired: true })]
  }
  return Object.entries(properties).map(([label, property]) =>
    toField(`${wholeInput}.${label}`, label, { schema: property, isRequired: required.includes(label) }),
  )
}

function settingFields(): FormField[] {
  const schemas: Record<(typeof settingNames)[number], Schema> = {
    queue: { type: 'string' },
    priority: { enum: ['high', 'normal', 'low'] },
    delay: { type: 'string' },
    attempts: { type: 'integer', minimum: 1, maximum: 1000 },
  }
  return settingNames.map((name) => toField(name, name, { schema: schemas[name], isRequired: false }))
}

function toField(
  name: string,
  label: string,
  { schema, isRequired }: { schema: Schema; isRequired: boolean },
): FormField {
  const { description: hint, minimum: min, maximum: max } = schema
  const base = { name, label, isRequired, hint, value: '', mistakes: [] }
  const choices = choicesOf(schema)
  if (choices) return { ...base, kind: 'choice', choices }
  switch (schema.type) {
    case 'string':
      return { ...base, kind: 'text' }
    case 'number':
      return { ...base, kind: 'number', min, max, step: 'any' }
    case 'integer':
      return { ...base, kind: 'number', min, max, step: '1' }
    default:
      return { ...base, kind: takesText(schema) ? 'jsonOrText' : 'json' }
  }
}

function choicesOf({ type, enum: values, anyOf }: Schema): string[] | undefined {
  if (type === 'boolean') return booleans
  const literals = values ?? anyOf?.map((each) => each.const)
  return literals?.every((each) => typeof each === 'string') ? literals : undefined
}

function takesText({ type, anyOf }: Schema): boolean {
  if (anyOf) return anyOf.some((each) => each.type === 'string')
  return type === undefined || [type].flat().includes('string')
}

// "data: expected to have required properties a, b" belongs to the fields a and b.
function spread(mistake: string): string[] {
  const [, place = '', , names = ''] =
    /^([^:]+): (expected to have required propert(?:y|ies)) (.+)$/.exec(mistake) ?? []
  if (names === '') return [mistake]
  return names.split(', ').map((name) => `${place}.${name.replace(/\W/g, '')}: expected, but missing`)
}

// A mistake inside a field's value, `data.headers.x: …`, is the field's.
function assign(mistake: string, fields: FormField[]): boolean {
  const [, place = '', text = ''] = /^([^:]+): ([^]*)$/.exec(mistake) ?? []
  const field = fields.find(({ name }) => place === name || place.startsWith(`${name}.`))
  field?.mistakes.push(text)
  return field !== undefined
}
