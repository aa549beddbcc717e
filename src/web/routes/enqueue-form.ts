import type { FastifyReply, FastifyRequest } from 'fastify'
import { BadTaskError } from '../../handlers/intake.js'
import { type FormValues, fromForm, taskForm } from '../pages/task-form.js'
import { takeOne, type TakeOneOptions } from './take-one.js'
import { takenJson } from './taking.js'

type FormOptions = Omit<TakeOneOptions, 'waitMs'>

/** A task from a form: a browser is led to its page, or gets the form again with what is wrong at each field. */
export async function enqueueForm(
  request: FastifyRequest,
  reply: FastifyReply,
  options: FormOptions,
): Promise<FastifyReply> {
  const values = request.body as FormValues
  try {
    const { checked, enqueued } = await takeForm(values, reply, options)
    if (request.prefersHtml()) return reply.seeOther(`/tasks/${enqueued.id}`)
    const location = `${reply.server.base}/tasks/${enqueued.id}`
    return reply.code(202).header('location', location).send(takenJson(checked, enqueued))
  } catch (error) {
    if (!(error instanceof BadTaskError) || !request.prefersHtml()) throw error
    const { mistakes } = error
    const form = taskForm(options.handlers, [values.task ?? ''].flat()[0], { values, mistakes })
    return reply.code(400).page('enqueue', { form })
  }
}

async function takeForm(values: FormValues, reply: FastifyReply, options: FormOptions) {
  const { request, mistakes } = fromForm(values, options.handlers)
  if (mistakes.length > 0) throw new BadTaskError(mistakes)
  return takeOne(request, reply, { ...options, waitMs: 0 })
}
