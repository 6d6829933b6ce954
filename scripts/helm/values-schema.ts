import { settingsTable } from '../../src/settings/table.ts';
import type { SettingDefinition } from '../../src/settings/table.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Anything that YAML may write where a setting's text is meant: 60, true, "60". */
const scalar = { type: ['string', 'number', 'boolean'] };

/**
 * JSON Schema of values.yaml. `controller.extraArgs` and `controller.config` come from the settings table, so a
 * misspelled flag stops `helm install`; other keys of the ingress-nginx chart may stay in a values file.
 */
export function valuesSchema(): Schema {
  const definitions: readonly SettingDefinition<never>[] = Object.values(settingsTable).map(untyped);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      controller: {
        type: 'object',
        properties: {
          kind: { type: 'string', enum: ['Deployment', 'DaemonSet'] },
          replicaCount: { type: 'integer', minimum: 0 },
          workers: settingsTable.workers.kind.schema,
          terminationGracePeriodSeconds: { type: 'integer', minimum: 1 },
          healthChecks: settingsTable.healthChecks.kind.schema,
          zone: { type: 'string' },
          reportNodeAddress: settingsTable.reportNodeAddress.kind.schema,
          watchIngressWithoutClass: { type: 'boolean' },
          ingressClassByName: { type: 'boolean' },
          image: {
            type: 'object',
            properties: { pullPolicy: { type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] } },
          },
          extraArgs: {
            type: 'object',
            properties: Object.fromEntries(definitions.flatMap(flagSchemas)),
          },
          config: {
            type: 'object',
            additionalProperties: scalar,
            properties: Object.fromEntries(definitions.flatMap(configSchemas)),
          },
        },
      },
      rbac: {
        type: 'object',
        properties: {
          create: { type: 'boolean' },
          secretNamespaces: { type: 'array', items: { type: 'string' } },
        },
      },
    },
  };
}

function untyped(definition: unknown): SettingDefinition<never> {
  return definition as SettingDefinition<never>;
}

function flagSchemas(definition: SettingDefinition<never>): [string, Schema][] {
  return [definition.flag, ...(definition.aliases ?? [])].map((flag) => [flag, describe(definition)]);
}

function configSchemas(definition: SettingDefinition<never>): [string, Schema][] {
  return definition.configMapKey === undefined ? [] : [[definition.configMapKey, describe(definition)]];
}

/** The kind's own schema where it is exact in text and YAML alike, else any scalar. */
function describe(definition: SettingDefinition<never>): Schema {
  const { schema } = definition.kind;
  const exact = 'enum' in schema ? { enum: schema['enum'] } : scalar;
  return { ...exact, description: `${definition.doc} (${definition.kind.describe})` };
}
