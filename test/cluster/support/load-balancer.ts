import { callApi, watchObjects } from './api.ts';
import { listAt, textAt } from './json.ts';

// What a cloud does for Services of type LoadBalancer: gives each an address, which kube-proxy then serves.
// Started by up.sh with the addresses as arguments; they are on the node already.
const free = process.argv.slice(2);
const given = new Map<string, string>();

watchObjects('/api/v1/services', '', ({ type, object }) => {
  const key = `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
  if (type === 'DELETED' || textAt(object, 'spec', 'type') !== 'LoadBalancer') {
    takeBack(key);
    return;
  }
  if (textAt(object, 'status', 'loadBalancer', 'ingress', 0, 'ip') === '') {
    void give(key);
  }
  if (listAt(object, 'status', 'loadBalancer', 'ingress').length === 0 && free.length === 0) {
    console.error(`${key} gets no address: all are in use`);
  }
});

async function give(key: string): Promise<void> {
  const address = given.get(key) ?? free.shift();
  if (address === undefined) {
    return;
  }
  given.set(key, address);
  const [namespace = '', name = ''] = key.split('/');
  const status = { loadBalancer: { ingress: [{ ip: address }] } };
  const answer = await callApi('PATCH', `/api/v1/namespaces/${namespace}/services/${name}/status`, { status });
  console.log(`${key} gets ${address}: ${answer.status}`);
}

function takeBack(key: string): void {
  const address = given.get(key);
  if (address !== undefined) {
    given.delete(key);
    free.push(address);
  }
}
