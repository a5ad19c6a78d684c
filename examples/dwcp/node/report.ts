/** A node as `/status` and `/metrics` show it at this moment. */
import type { FigureName, Labels } from './figures.ts'
import type { NodeParts } from './parts.ts'

export function statusOf(parts: NodeParts): object {
  const { id, version, fault, host, agreement, links, inForce, baselines, selector } = parts
  const open = links.open
  return {
    id,
    version,
    pid: process.pid,
    fault,
    flags: inForce().features,
    pbftGroups: inForce().pbftGroups,
    modes: Object.fromEntries(open.map(([peer]) => [peer, links.mode(peer)])),
    features: Object.fromEntries(open.map(([peer]) => [peer, links.features(peer)])),
    peers: Object.fromEntries(
      open.map(([peer, { detector, throughput, peer: one }]) => [
        peer,
        {
          version: one.theirs?.version ?? null,
          latencyMs: detector.latencyMs,
          jitterMs: detector.jitterMs,
          bytesPerSecond: Math.round(throughput.bytesPerMicro * 1e6),
          streams: one.streams,
        },
      ]),
    ),
    groups: Object.fromEntries(
      agreement.groups.map(({ id: group, leader, term, placements: { algorithm, epoch, index, digest } }) => [
        group,
        { algorithm, epoch, leader, term, index, digest },
      ]),
    ),
    machines: host.all.map(([machine, { generation, isFrozen }]) => ({ machine, generation, running: !isFrozen })),
    arriving: parts.arrivals.names,
    baselines: baselines.size,
    compression: selector.report(),
    draining: parts.isDraining(),
    trouble: parts.troubles(),
  }
}

export function gaugesOf({
  host,
  agreement,
  links,
  baselines,
  notes,
  inForce,
}: NodeParts): readonly (readonly [FigureName, Labels, number])[] {
  const open = links.open
  const inMode = (mode: string) => open.filter(([peer]) => links.mode(peer) === mode).length
  const { user, system } = process.cpuUsage()
  return [
    ...agreement.groups.map((group): [FigureName, Labels, number] => [
      'dwcp_group_algorithm',
      { group: group.id, algorithm: group.placements.algorithm },
      1,
    ]),
    ...inForce().features.map((feature): [FigureName, Labels, number] => ['dwcp_feature', { feature }, 1]),
    ['dwcp_machines', {}, host.all.length],
    ['dwcp_peers', { mode: 'datacenter' }, inMode('datacenter')],
    ['dwcp_peers', { mode: 'internet' }, inMode('internet')],
    ['dwcp_peers_up', {}, open.length],
    ['dwcp_streams', {}, open.reduce((sum, [, { peer }]) => sum + peer.streams, 0)],
    ['dwcp_baselines', {}, baselines.size],
    ['dwcp_sync_siblings', {}, notes.siblings],
    ['dwcp_sync_keys', {}, notes.size],
    ['process_resident_memory_bytes', {}, process.memoryUsage.rss()],
    ['process_cpu_seconds_total', {}, (user + system) / 1e6],
  ]
}
