/** What the upgrade guide changes, as plain data for the plan: schema, documents, keys of the configuration, federation, routes. Runs nothing. */

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
