import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = import.meta.dirname

/** Tests name `./x.ts`, and get what ships: the same module from `dist`. */
const shipped = {
  name: 'shipped',
  enforce: 'pre' as const,
  resolveId(source: string, importer: string | undefined) {
    if (!importer || !source.startsWith('.') || !source.endsWith('.ts')) return null
    const path = relative(join(root, 'src'), resolve(dirname(importer), source))
    if (path.startsWith('..') || path.endsWith('.test.ts')) return null
    const built = join(root, 'dist', path.replace(/\.ts$/, '.js'))
    return existsSync(built) ? { id: built, external: true as const } : null
  },
}

/** Whole systems under load, judged by what they measure: one at a time, after all others, or their own gates would take the neighbours for a fault. */
const systems = [
  'examples/*/plan.test.ts',
  'examples/dwcp/fleet.test.ts',
  'examples/neonhub/{load,system}.test.ts',
  'test/system/{crash,parts,triggers}.test.ts',
]

/** A bound for what hangs, not a measure of speed: a machine that is busy with others may be ten times slower than an idle one. */
const patience = process.env['CHANGEOVER_EVERY_POINT'] ? 7_200_000 : 180_000

export default defineConfig({
  plugins: [shipped],
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: systems,
        },
      },
      { extends: true, test: { name: 'systems', include: systems, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
    testTimeout: patience,
    hookTimeout: patience,
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    pool: 'forks',
  },
})
