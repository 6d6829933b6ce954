import type { Logger } from '../../../lib/logger.ts';
import type { ApiError } from './api-error.ts';
import type { Scope } from './resources.ts';
import { describeScope, groupOf } from './resources.ts';

/** One reason why the API server gives us nothing, told once for all the scopes that suffer from it. */
interface Problem {
  /** The same cause has the same text. */
  readonly text: string;
  readonly fix: string;
}

/**
 * What is wrong between us and the API server, by cause and not by request: eight watches that lose one server are one
 * problem. Each is logged when it begins and when it is over, and not in between. What once worked is believed to work
 * again: there a cause must come twice in a row, so that a watch which is cut and resumed at once is not worth a word.
 */
export class Problems {
  readonly #server: string;
  readonly #log: Logger;
  readonly #open: Map<Scope, Problem> = new Map();
  readonly #said: Set<string> = new Set();
  readonly #worked: Set<Scope> = new Set();

  constructor(server: string, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  failing(scope: Scope, error: ApiError): void {
    const problem = describe(this.#server, scope, error);
    const known = this.#open.get(scope);
    this.#open.set(scope, problem);
    if (known !== undefined && known.text !== problem.text) this.#overWhenLast(known);
    if (this.#worked.has(scope) && known?.text !== problem.text) return;
    if (this.#said.has(problem.text)) return;
    this.#said.add(problem.text);
    this.#log.warn({ server: this.#server, error: error.reason, status: error.status }, sentence(problem));
  }

  working(scope: Scope): void {
    this.#worked.add(scope);
    const known = this.#open.get(scope);
    this.#open.delete(scope);
    if (known !== undefined) this.#overWhenLast(known);
  }

  /** Why the scopes that are not complete are not, one sentence for each cause. */
  waitingFor(scopes: readonly Scope[]): string[] {
    const byText = new Map<string, Scope[]>();
    for (const scope of scopes) {
      const problem = this.#open.get(scope);
      const text = problem === undefined ? 'the first list is not complete' : sentence(problem);
      byText.set(text, [...(byText.get(text) ?? []), scope]);
    }
    return [...byText].map(([text, waiting]) => `waiting for ${waiting.map(describeScope).join(', ')}: ${text}`);
  }

  #overWhenLast({ text }: Problem): void {
    if ([...this.#open.values()].some((problem) => problem.text === text)) return;
    if (this.#said.delete(text)) this.#log.info({ server: this.#server }, `over: ${text}`);
  }
}

function sentence(problem: Problem): string {
  return `${problem.text}. ${problem.fix}`;
}

function describe(server: string, scope: Scope, error: ApiError): Problem {
  switch (error.failure) {
    case 'status':
      return refused(server, scope, error);
    case 'network':
    case 'timeout':
      return unreachable(server, error);
    case 'credentials':
      return {
        text: `the credentials for ${server} cannot be read: ${error.message}`,
        fix: 'Check that the service account token is mounted, or the files that the kubeconfig names',
      };
    case 'body':
      return {
        text: `the answer of ${server} for ${describeScope(scope)} cannot be used: ${error.message}`,
        fix: 'Check that this is the address of an API server and not of something in front of it',
      };
  }
}

function unreachable(server: string, error: ApiError): Problem {
  const cause = error.message.replace(`cannot reach ${server}: `, '');
  return { text: `the API server ${server} cannot be reached: ${cause}`, fix: unreachableFix(error.reason) };
}

/** @param code  of Node or OpenSSL */
function unreachableFix(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'Its certificate is for other names: use one of them as the address, or as tls-server-name in the kubeconfig';
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return 'Its certificate is not signed by the authority in the kubeconfig or in the service account';
  }
  return 'Fairway tries again by itself; check the address, and whether a NetworkPolicy lets this pod reach it';
}

function refused(server: string, scope: Scope, error: ApiError): Problem {
  const { resource } = scope;
  switch (error.status) {
    case 401:
      return {
        text: `the API server ${server} does not accept our credentials (401)`,
        fix: 'Check the service account, or the user in the kubeconfig; Fairway reads them again by itself',
      };
    case 403:
      return {
        text: `the API server forbids list and watch on ${describeScope(scope)} (403)`,
        fix:
          `Add to the ${scope.namespace === '' ? 'ClusterRole' : `Role in namespace ${scope.namespace}`} of Fairway: ` +
          `apiGroups: ["${groupOf(resource)}"], resources: ["${resource.name}"], verbs: ["list", "watch"]`,
      };
    case 404:
      return {
        text: `the API server ${server} does not serve ${resource.name} of ${resource.apiVersion} (404)`,
        fix: 'Fairway needs Kubernetes 1.19 or newer; check the address when the cluster is',
      };
    case 400:
      return {
        text: `the API server ${server} refuses the request for ${describeScope(scope)}: ${error.message} (400)`,
        fix: selectorHint(scope),
      };
    default:
      return {
        text: `the API server ${server} answers ${error.status} for ${describeScope(scope)}: ${error.message}`,
        fix: 'Fairway tries again by itself',
      };
  }
}

function selectorHint(scope: Scope): string {
  return scope.resource.kind === 'Namespace'
    ? 'Check --watch-namespace-selector: write labels as kubectl takes them, for example team=shop'
    : 'Fairway tries again by itself';
}
