import { getObject } from './api.ts';
import { ask } from './client.ts';
import { at, listAt, textAt } from './json.ts';

export interface BackendPod {
  readonly name: string;
  readonly address: string;
  readonly container: string;
}

/** Port of the demo application. */
const PORT = 8080;

/** The running pods of a demo application. */
export async function backendPods(namespace: string, app: string): Promise<readonly BackendPod[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${app}`;
  return listAt(await getObject(path), 'items')
    .filter((pod) => textAt(pod, 'metadata', 'deletionTimestamp') === '')
    .map((pod) => ({
      name: textAt(pod, 'metadata', 'name'),
      address: textAt(pod, 'status', 'podIP'),
      container: textAt(pod, 'status', 'containerStatuses', 0, 'containerID').replace('containerd://', ''),
    }));
}

/** One running pod of a demo application. @throws when there is none */
export async function onePod(namespace: string, app: string): Promise<BackendPod> {
  const [pod] = await backendPods(namespace, app);
  if (pod === undefined) {
    throw new Error(`${namespace}/${app} has no pod`);
  }
  return pod;
}

/** Makes the application's own readiness answer change; it goes on answering everything else. */
export async function setReadiness(pod: BackendPod, readiness: 'ready' | 'not-ready'): Promise<void> {
  await ask({ address: pod.address, port: PORT, host: 'backend', path: `/admin/${readiness}` });
}

export interface SeenRequests {
  /** Requests to this path with its query. */
  readonly ofPath: number;
  /** The most requests that the pod held at one time since it started. */
  readonly mostAtOnce: number;
}

/** What has reached a demo application, probes left out; asked past Fairway. */
export async function seenBy(pod: BackendPod, path: string): Promise<SeenRequests> {
  const { text } = await ask({ address: pod.address, port: PORT, host: 'backend', path: '/admin/seen' });
  const seen: unknown = JSON.parse(text);
  return { ofPath: Number(at(seen, 'paths', path) ?? 0), mostAtOnce: Number(at(seen, 'mostAtOnce')) };
}
