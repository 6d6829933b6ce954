import type { ApiClient } from './api-client.ts';
import { asApiError } from './api-error.ts';
import { arrayAt, textAt } from './json.ts';
import type { EndpointsKind } from './scopes.ts';

/**
 * Which kind says where the endpoints of a Service are. Only a server that answers and serves no slices has none; one
 * that forbids the question is taken for a modern one.
 * @throws ApiError when it cannot be asked now
 */
export async function servedEndpoints(client: ApiClient, signal: AbortSignal): Promise<EndpointsKind> {
  try {
    const list = await client.send({ method: 'GET', path: '/apis/discovery.k8s.io/v1', signal });
    const served = arrayAt(list, 'resources').some((resource) => textAt(resource, 'name') === 'endpointslices');
    return served ? 'EndpointSlice' : 'Endpoints';
  } catch (error) {
    const failed = asApiError(error);
    if (failed.status === 404) return 'Endpoints';
    if (failed.status === 403) return 'EndpointSlice';
    throw failed;
  }
}
