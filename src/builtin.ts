/** The one file that knows all kinds, adapters and recipes. */
import { commandMetrics } from './adapters/command-metrics/index.ts'
import { filesAdapter } from './adapters/files/index.ts'
import { flagFile } from './adapters/flag-file/index.ts'
import { flagTable } from './adapters/flag-table/index.ts'
import { gatewayApi } from './adapters/gateway-api/index.ts'
import { gateway } from './adapters/gateway/index.ts'
import { haproxy, haproxyMetrics } from './adapters/haproxy/index.ts'
import { host } from './adapters/host/index.ts'
import { http } from './adapters/http/index.ts'
import { metricsPage } from './adapters/metrics-page/index.ts'
import { nginx } from './adapters/nginx/index.ts'
import { postgres } from './adapters/postgres/index.ts'
import { processService } from './adapters/process/index.ts'
import { prometheus } from './adapters/prometheus/index.ts'
import { settingsFile } from './adapters/settings-file/index.ts'
import { sqlMetrics } from './adapters/sql-metrics/index.ts'
import { keysOf } from './config/index.ts'
import type { Adapters, AnyAdapter, AnyKind, Kinds } from './core/kind.ts'
import type { Recipe, Recipes } from './core/recipe.ts'
import * as kinds from './kinds/index.ts'
import { flagsSchedule, modulesSchedule } from './recipes/index.ts'

/** Every kind that comes with the tool, by name. */
export const builtinKinds: Kinds = new Map(
  Object.values(kinds as Record<string, AnyKind>).map((kind) => [kind.name, kind]),
)

const adapters: readonly AnyAdapter[] = [
  postgres,
  filesAdapter(keysOf),
  processService,
  http,
  host,
  haproxy,
  haproxyMetrics,
  nginx,
  gatewayApi,
  prometheus,
  metricsPage,
  sqlMetrics,
  commandMetrics,
  flagFile,
  flagTable,
  settingsFile,
  gateway,
]
/** Every adapter that comes with the tool, by name. */
export const builtinAdapters: Adapters = new Map(adapters.map((adapter) => [adapter.name, adapter]))

const recipes: readonly Recipe[] = [flagsSchedule, modulesSchedule]
/** Every recipe that comes with the tool, by name. */
export const builtinRecipes: Recipes = new Map(recipes.map((recipe) => [recipe.name, recipe]))
