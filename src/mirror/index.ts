/** Mirrors: old and new shape of the same rows kept in step, rendered as triggers. Knows no lens: it is given expressions. */
export { changesTable, changesTableText, mirrorByNotes, noted } from './by-notes.ts'
export { mirrorInPlace, triggerPrefix } from './in-place.ts'
export { mirrorTables, notesTable, notesTableText } from './two-tables.ts'
export type {
  Assign,
  Installation,
  MirrorShape,
  Quote,
  Side,
  SideColumn,
  SideName,
  TriggerText,
  Ways,
  Writing,
} from './shape.ts'
export { alwaysMark, given as givenWhen, keyText } from './words.ts'
