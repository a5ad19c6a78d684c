/** The names of a plan file. Alone here, so that `status` has them at once, without what reads a plan. */

/** What `changeover` looks for, in this order. */
export const planFiles = [
  'changeover.config.ts',
  'changeover.config.mjs',
  'changeover.config.js',
  'changeover.yaml',
  'changeover.yml',
] as const
