/** What a backup of tables carries from its plan to its steps. */
export type BackupWork = {
  readonly tables: readonly string[]
  readonly under: string
  readonly with: 'auto' | 'copy'
  readonly gzip: boolean
  readonly days: number
}
