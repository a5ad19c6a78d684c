/** What two nodes may say to each other: the features that both have in force now. Knows no flag and no socket. */
export const features = [
  'hybrid_mode',
  'ml_compression',
  'crdt_sync',
  'pbft_consensus',
  'internet_optimization',
] as const
export type Feature = (typeof features)[number]
export type Version = 'v1' | 'v3'

/** What the first frame of a stream says, and `welcome` says back. */
export interface Hello {
  readonly id: string
  readonly version: Version
  readonly features: readonly Feature[]
  /** Groups that this node would take over to PBFT now. */
  readonly pbftGroups: readonly string[]
}

/** Names that a later version made up are left out: what is not known is not in force. */
export function readHello(head: Readonly<Record<string, unknown>>): Hello | null {
  const { id, version } = head
  if (typeof id !== 'string' || (version !== 'v1' && version !== 'v3')) return null
  const texts = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
  const offered = version === 'v1' ? [] : texts(head['features'])
  return {
    id,
    version,
    features: features.filter((each) => offered.includes(each)),
    pbftGroups: version === 'v1' ? [] : texts(head['pbftGroups']),
  }
}

export function negotiate(mine: Hello, theirs: Hello): readonly Feature[] {
  if (mine.version === 'v1' || theirs.version === 'v1') return []
  return mine.features.filter((each) => theirs.features.includes(each))
}
