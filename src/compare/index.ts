/** Comparing rows on the server: prints of whole tables and of stretches of keys. */
export { printOf, type Print, rowHash, rowText, samePrint, tablePrint } from './fingerprint.ts'
