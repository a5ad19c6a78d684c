/** `integrity.ts HOME`: is every machine once, with the memory that its program gives? Prints how many are not, and why. */
import { readInventory } from './inventory.ts'
import { verifyFleet } from './verify.ts'

const { nodes } = readInventory(process.argv[2] ?? '')
const { machines, problems } = await verifyFleet(nodes.map(({ id, admin }) => ({ id, url: admin })))
process.stdout.write(`${JSON.stringify({ machines, problems: problems.length, why: problems })}\n`)
