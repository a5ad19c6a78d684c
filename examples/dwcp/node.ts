/** A node of the fleet, as a program. */
import { DwcpNode } from './node/dwcp-node.ts'
import { readFault } from './node/faults.ts'
import { isProgram, options, program } from '../stage/program.ts'

const names = [
  'id',
  'version',
  'fleet',
  'port',
  'admin-port',
  'flags',
  'settings',
  'state',
  'key',
  'fault',
  'owner',
] as const

if (isProgram(import.meta.filename)) {
  const given = options(names)
  const start = (): Promise<DwcpNode> => {
    const { id, fleet, version } = given
    if (id === undefined || fleet === undefined)
      throw new RangeError('--id NAME and --fleet FILE say who it is, and who the others are')
    if (version !== 'v1' && version !== 'v3')
      throw new RangeError(`--version is "${version ?? ''}": it is "v1" or "v3"`)
    return DwcpNode.start({
      id,
      version,
      fleet,
      port: Number(given.port ?? 0),
      adminPort: Number(given['admin-port'] ?? 0),
      flags: given.flags,
      settings: given.settings,
      state: given.state,
      key: given.key,
      fault: readFault(given.fault),
    })
  }
  const more = ({ adminPort }: DwcpNode) => ({ adminPort, version: given.version })
  await program(given.id ?? 'node', async () => start(), { owner: given.owner, more })
}
