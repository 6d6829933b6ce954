/**
 * What `run.sh` tells the tests about the running cluster.
 * The tests never start it themselves, so that a test cannot reach another cluster by mistake.
 */
export interface ClusterEnvironment {
  /** Folder of the project's checkout. */
  readonly project: string;
  /** Folder of the running cluster: logs, keys, kubeconfig files. */
  readonly run: string;
  readonly fairwayNamespace: string;
}

/** @throws when the tests are not run by `run.sh` */
function readEnvironment(): ClusterEnvironment {
  return {
    project: variable('FAIRWAY_CLUSTER_PROJECT'),
    run: variable('FAIRWAY_CLUSTER_RUN'),
    fairwayNamespace: variable('FAIRWAY_NAMESPACE'),
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || process.env['FAIRWAY_CLUSTER_SEALED'] !== 'yes') {
    throw new Error(`${name} is not set: start the cluster tests by test/cluster/run.sh`);
  }
  return value;
}

/** The cluster that these tests run in. */
export const environment: ClusterEnvironment = readEnvironment();

/** Address of the API server. */
export const apiServer = { host: '10.231.0.1', port: 6443 } as const;
