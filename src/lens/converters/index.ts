/** The named converters, each also the other way round. */
import { type Converter, turned } from './converter.ts'
import { minorDecimal, numberText, scale } from './number.ts'
import { boolNumber, boolText, textJson } from './other.ts'
import { millisIso, millisTimestamp, secondsIso, secondsTimestamp } from './time.ts'

export type { ConverterOptions } from './converter.ts'

/** By the name that a plan uses. */
export const converters: { readonly [name: string]: Converter } = {
  'number-text': numberText,
  'text-number': turned(numberText),
  scale: scale,
  'minor-decimal': minorDecimal,
  'decimal-minor': turned(minorDecimal),
  'seconds-iso': secondsIso,
  'iso-seconds': turned(secondsIso),
  'millis-iso': millisIso,
  'iso-millis': turned(millisIso),
  'seconds-timestamp': secondsTimestamp,
  'timestamp-seconds': turned(secondsTimestamp),
  'millis-timestamp': millisTimestamp,
  'timestamp-millis': turned(millisTimestamp),
  'bool-text': boolText,
  'text-bool': turned(boolText),
  'bool-number': boolNumber,
  'number-bool': turned(boolNumber),
  'text-json': textJson,
  'json-text': turned(textJson),
}

export const converterNames: readonly string[] = Object.keys(converters)
