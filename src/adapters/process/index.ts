/** The adapter `process`: the service port on a program of this machine. */
import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import { openControl, type Program } from './control.ts'

const health = z
  .strictObject({
    url: z.url().optional().describe('Must answer 2xx.'),
    command: z.array(z.string()).min(1).optional().describe('Must end with 0.'),
    timeoutMs: z.int().min(1).default(5000),
  })
  .refine((check) => (check.url === undefined) !== (check.command === undefined), 'give either `url` or `command`')

const config = z.strictObject({
  command: z.array(z.string()).min(1).describe('The program and its arguments; no shell reads them.'),
  folder: z.string().default('.').describe('Where it runs: absolute, or relative to the folder of the plan.'),
  env: z.record(z.string(), z.string()).default({}).describe('Added to its environment; never shown.'),
  inherit: z.boolean().default(true).describe('Whether it also gets the environment of this tool.'),
  log: z.string().optional().describe('Where its output goes; by default below .changeover/services.'),
  pidFile: z.string().optional().describe('Where its number is noted; by default beside the log.'),
  health: health.optional(),
})

export type ProcessConfig = z.input<typeof config>

export const processService = defineAdapter({
  name: 'process',
  port: 'service',
  summary: 'A program of this machine, started in the background with a log and a pid file.',
  ...withDefaults(config, openTarget),
  example: {
    command: ['node', 'server.js'],
    folder: './v4',
    env: { PORT: '3000' },
    health: { url: 'http://127.0.0.1:3000/health' },
  },
  tools: {},
})

async function openTarget(settings: z.output<typeof config>, who: Opener): Promise<Target<'service'>> {
  const program = programOf(settings, who.base)
  const control = openControl(program)
  return {
    identity: async () => `service:${program.pidFile}`,
    observe: async () => ({ state: await control.state() }),
    read: control,
    write: control,
    // Nothing of an older runner is left in the service; starting is exclusive by the pid file.
    fence: async () => undefined,
    close: async () => undefined,
  }
}

function programOf(settings: z.output<typeof config>, base: string): Program {
  const folder = resolve(base, settings.folder)
  const digest = createHash('sha256')
    .update(JSON.stringify([folder, settings.command]))
    .digest('hex')
    .slice(0, 8)
  const place = resolve(base, '.changeover', 'services', `${basename(settings.command[0]!)}-${digest}`)
  return {
    command: settings.command,
    folder,
    env: settings.env,
    inherit: settings.inherit,
    log: resolve(base, settings.log ?? `${place}.log`),
    pidFile: resolve(base, settings.pidFile ?? `${place}.pid`),
    health: settings.health,
  }
}
