/** The parts of the upgrade guide as plain data, for the plan: schema, key map, versions, requirements, criteria, risks, checklist. Runs nothing. */

/** The guide's script, in the order it gives. Each legacy node gets a node id of its own: the guide's one literal breaks its own UNIQUE. */
export const schemaUp = `
CREATE TABLE federation_nodes (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    node_id VARCHAR(255) UNIQUE NOT NULL,
    name VARCHAR(255) NOT NULL,
    region VARCHAR(100) NOT NULL,
    capabilities JSONB NOT NULL DEFAULT '[]',
    endpoints JSONB NOT NULL,
    resources JSONB NOT NULL,
    compliance JSONB NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE TABLE aix_learning_rounds (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    round_id VARCHAR(255) UNIQUE NOT NULL,
    model_id VARCHAR(255) NOT NULL,
    algorithm VARCHAR(100) NOT NULL,
    participants JSONB NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'initialized',
    privacy_config JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    completed_at TIMESTAMP WITH TIME ZONE
);

INSERT INTO federation_nodes (node_id, name, region, capabilities, endpoints, resources, compliance)
SELECT
    'legacy-node-' || id,
    'Migrated Legacy Node ' || hostname,
    COALESCE(region, 'us-east-1'),
    '["model_training", "inference"]'::jsonb,
    '{"api": "https://api.neonhub.ai"}'::jsonb,
    jsonb_build_object('cpu', cores, 'memory', memory_gb || 'GB'),
    '{"gdpr": true}'::jsonb
FROM legacy_nodes
ON CONFLICT (node_id) DO NOTHING;
`

export const schemaDown = `
DROP TABLE aix_learning_rounds;
DROP TABLE federation_nodes;
`

/** Columns that v4 adds to the tables of v3. The two documents are filled by the transformation. */
export const addedColumns = [
  { table: 'users', column: 'federation_id', type: 'uuid' },
  { table: 'users', column: 'node_id', type: 'varchar(255)' },
  { table: 'users', column: 'consent_records', type: 'jsonb' },
  { table: 'models', column: 'federation_metadata', type: 'jsonb' },
  { table: 'models', column: 'federation_model_data', type: 'jsonb' },
] as const

/** What the transformation wraps, and into what. The moment is the row's own fixed value, given by the lens. */
export const documents = {
  consent: {
    table: 'users',
    source: 'consent_given',
    target: 'consent_records',
    /** Where the old value stands in the new document. */
    at: 'consentGiven',
    defaults: { version: '4.0', scope: ['federated_learning', 'cross_border_processing'] },
    moment: 'timestamp',
  },
  modelData: {
    table: 'models',
    source: 'model_data',
    target: 'federation_model_data',
    at: 'data',
    defaults: { originalVersion: '3.3', compressionEnabled: true, privacyPreserving: true },
    moment: 'migratedAt',
  },
} as const

export const indexes = [
  { name: 'idx_federation_nodes_region', table: 'federation_nodes', columns: ['region'] },
  { name: 'idx_federation_nodes_status', table: 'federation_nodes', columns: ['status'] },
  { name: 'idx_aix_rounds_status', table: 'aix_learning_rounds', columns: ['status'] },
  { name: 'idx_aix_rounds_created_at', table: 'aix_learning_rounds', columns: ['created_at'] },
] as const

/** ANALYZE after the upgrade; the guide's three, and the two that were transformed. */
export const analyzed = ['federation_nodes', 'aix_learning_rounds', 'compliance_audit_log', 'users', 'models'] as const

/** Key of v3 to key of v4. */
export const configKeys = {
  'database.host': 'database.host',
  'database.port': 'database.port',
  'database.name': 'database.name',
  'database.username': 'database.username',
  'database.password': 'database.password',
  'api.port': 'api.port',
  'api.host': 'api.host',
  'api.ssl.enabled': 'api.tls.enabled',
  'api.ssl.cert': 'api.tls.certPath',
  'api.ssl.key': 'api.tls.keyPath',
} as const

/** New in v4; federation and aix stay off until the upgrade is done. */
export const configDefaults = {
  'federation.enabled': false,
  'federation.mode': 'migration',
  'federation.nodeId': null,
  'aix.enabled': false,
  'aix.mode': 'migration',
  'compliance.gdpr.enabled': true,
  'compliance.ccpa.enabled': true,
} as const

/** The federation, switched on after the upgrade. Seconds. Here the coordinator is on loopback, and quicker than the guide's 30 s and 5 s. */
export function federationConfig(coordinatorUrl: string) {
  return {
    'federation.enabled': true,
    'federation.mode': 'active',
    'federation.nodeId': 'migrated-node-1',
    'federation.coordinatorUrl': coordinatorUrl,
    'federation.capabilities': ['model_training', 'federated_learning', 'data_processing', 'inference'],
    'federation.security.tls.enabled': true,
    'federation.security.tls.certPath': 'certs/server.crt',
    'federation.security.tls.keyPath': 'certs/server.key',
    'federation.security.authentication.type': 'certificate',
    'federation.discovery.method': 'coordinator',
    'federation.discovery.heartbeatInterval': 1,
    'federation.discovery.reconnectDelay': 0.2,
    'federation.compliance.gdpr': true,
    'federation.compliance.ccpa': true,
    'federation.compliance.dataResidency': 'US',
    'aix.enabled': true,
    'aix.mode': 'active',
  } as const
}

/** The body of `POST /api/v1/federation/nodes`. */
export const registration = {
  nodeId: 'migrated-node-1',
  name: 'Migrated Production Node',
  region: 'us-east-1',
  capabilities: ['model_training', 'federated_learning'],
  endpoints: {
    websocket: 'wss://api.neonhub.ai:8080/federation',
    grpc: 'grpc://api.neonhub.ai:9090',
    api: 'https://api.neonhub.ai',
  },
  resources: { cpu: 16, memory: '32GB', gpu: 2 },
  compliance: { gdpr: true, ccpa: true, dataResidency: 'US' },
} as const

/** The guide's matrix. Minutes of downtime as the guide expects them by hand. */
export const versionPaths = [
  { from: '3.2.x', to: '4.0.0', via: null, complexity: 'medium', downtimeMinutes: [120, 240] },
  { from: '3.3.x', to: '4.0.0', via: null, complexity: 'low', downtimeMinutes: [60, 120] },
  { from: '<=3.1.x', to: '4.0.0', via: '3.3', complexity: 'high', downtimeMinutes: [240, 480] },
] as const

export const compatibility = {
  version: '4.0.0',
  components: {
    database: {
      level: 'full',
      issues: ['users.consent_given and models.model_data are held in documents'],
      requiredActions: ['mirror both shapes until v3 is retired'],
      breakingChanges: [],
    },
    'v3 API': {
      level: 'full',
      issues: [],
      requiredActions: ['keep /api/v3 alive for v3 clients'],
      breakingChanges: [],
    },
    'v1 API': {
      level: 'api change',
      issues: ['new paths and field names below /api/v1'],
      requiredActions: ['move clients when they are ready'],
      breakingChanges: ['consent is a document, not a flag'],
    },
    configuration: {
      level: 'api change',
      issues: ['api.ssl.* is now api.tls.*'],
      requiredActions: ['rewrite config/neonhub.yml by the key map'],
      breakingChanges: ['v4 refuses a file with api.ssl'],
    },
    federation: {
      level: 'full',
      issues: ['needs FEDERATION_TOKEN'],
      requiredActions: ['enable after the upgrade and register the node'],
      breakingChanges: [],
    },
    legacy_nodes: {
      level: 'deprecated',
      issues: ['replaced by federation_nodes; rows without a region become us-east-1'],
      requiredActions: ['copy the rows, keep the table until v3 is retired'],
      breakingChanges: [],
    },
  },
  configurationChanges: {
    breaking: ['api.ssl.enabled', 'api.ssl.cert', 'api.ssl.key'],
    deprecated: [],
    newRequired: ['federation.enabled', 'aix.enabled', 'compliance.gdpr.enabled', 'compliance.ccpa.enabled'],
  },
} as const

/** The guide's sizes are those of a production site; `example` is what this small NeonHub needs in truth. */
export const requirements = {
  minimum: { cpu: 8, memory: '16GB', storage: '100GB', network: '1Gbps' },
  recommended: { cpu: 16, memory: '32GB', storage: '500GB', network: '10Gbps' },
  federation: { cpu: 4, memory: '8GB', storage: '200GB', network: '5Gbps' },
  example: { cpu: 1, memory: '1GB', storage: '1GB' },
  node: '20.19.0',
} as const

/** The routes of v3, as `parity` asks them. */
export const v3Contract = [
  'GET /api/v3/health',
  'GET /api/v3/users',
  'GET /api/v3/users/:id',
  'POST /api/v3/users',
  'PATCH /api/v3/users/:id',
  'PUT /api/v3/users/:id/consent',
  'GET /api/v3/models',
  'GET /api/v3/models/:id',
  'POST /api/v3/models',
  'PUT /api/v3/models/:id',
  'GET /api/v3/audit',
  'GET /api/v3/audit/:id',
  'POST /api/v3/audit',
] as const

/** The guide's rolling update has three nodes. Those of v4 are started beside v3, so that there is something to go back to. */
export const v4Nodes = ['v4', 'v4-2', 'v4-3'] as const
export type V4Node = (typeof v4Nodes)[number]

/** What is probed on v4 after it is started, and while clients are sent to it. */
export const endpoints = [
  '/api/v1/health',
  '/api/v1/federation/status',
  '/api/v1/compliance/status',
  '/health/migration',
  '/api/v3/health',
] as const

export const rollbackTriggers = [
  { metric: 'errorRate', above: 0.05 },
  { metric: 'latencyIncrease', above: 0.5 },
] as const
/** The guide's objective, and how long its backups are kept. */
export const rollbackMinutes = 15
export const backupRetentionDays = 30

export const risks = [
  {
    risk: 'A write of v3 is lost while its row is transformed',
    mitigation:
      'triggers keep both shapes in step before the first row is transformed, and chunks lock only rows they change',
    recovery: 'the old columns stay until they are sealed; comparing both shapes names the rows',
  },
  {
    risk: 'A lock of the schema change holds up the application',
    mitigation: 'a lock limit with retries, and indexes built concurrently',
    recovery: 'the statement gives up by itself; nothing has changed, and it is tried again',
  },
  {
    risk: 'A number of a model loses digits on the way through JSON',
    mitigation: 'the server moves the value, no program parses it; checksums are compared row by row',
    recovery: 'model_data still holds the original',
  },
  {
    risk: 'The private key or a secret ends in the backup',
    mitigation: 'files are judged by what is in them, not by their name; secrets are kept as references',
    recovery: 'destroy the backup, make a new key',
  },
  {
    risk: 'v4 does not hold under load after the switch',
    mitigation: 'gates on errors and latency against the baseline while v3 still runs beside it',
    recovery: 'the gateway sends everybody back to v3 within a second; what v4 wrote is there in the shape of v3',
  },
  {
    risk: 'The coordinator of the federation is away or refuses the node',
    mitigation: 'the federation is its own part, enabled last',
    recovery: 'roll back the part federation; v4 goes on without it',
  },
] as const

export const checklist = [
  'All functional tests passing',
  'Performance benchmarks met',
  'Security assessment completed',
  'Compliance audit passed',
  'Backup and recovery tested',
  'Rollback procedures documented',
  'Team training completed',
  'Stakeholder communication sent',
  'Monitoring and alerting active',
  'Support team ready',
] as const
