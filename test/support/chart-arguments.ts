import { parseInvocation } from '../../src/settings/parse.ts';

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

/** What the program says about the arguments that a rendered pod gives it; empty when it takes them. */
export function parseArguments(pod: { readonly containers: readonly Container[] }): readonly unknown[] {
  const container = pod.containers.find((one) => one.name === 'controller');
  if (container === undefined) return ['no container named controller'];
  const environment = Object.fromEntries(
    container.env.map((one) => [one.name, one.value ?? `some-${one.name.toLowerCase().replaceAll('_', '-')}`]),
  );
  const args = container.args.map((text) =>
    text.replaceAll(/\$\((\w+)\)/g, (_, name: string) => environment[name] ?? ''),
  );
  const invocation = parseInvocation(args, environment);
  if (invocation.kind === 'serve') return invocation.notes;
  return invocation.kind === 'invalid' ? invocation.problems : [invocation.kind];
}
