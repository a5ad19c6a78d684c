/** YAML: anchors, aliases, merges and several documents in one file are understood; what is not asked to change is never written. */
import type { Syntax } from './syntax.ts'
import { cut, move, put, rekey } from './yaml-edit.ts'
import { read } from './yaml-read.ts'

export const yaml: Syntax = { read, normal: (value) => value, put, cut, rekey, move }
