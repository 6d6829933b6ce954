/**
 * Names of nginx variables that values may hold, without the dollar sign. The worker interpolates them from a table of
 * these names; no text of a user is ever evaluated. Source: nginx, and ingress-nginx's own variables.
 */
export const variableNames = [
  'host',
  'http_host',
  'best_http_host',
  'scheme',
  'request_uri',
  'escaped_request_uri',
  'uri',
  'args',
  'query_string',
  'is_args',
  'remote_addr',
  'remote_port',
  'request_method',
  'request_id',
  'server_name',
  'server_port',
  'server_protocol',
  'proxy_add_x_forwarded_for',
  'namespace',
  'ingress_name',
  'service_name',
  'service_port',
  'location_path',
] as const;

export type VariableName = (typeof variableNames)[number];

/** Families of variables: the rest of the name is a header, cookie or query argument. */
export const variableFamilies = ['http_', 'cookie_', 'arg_'] as const;

export type VariableFamily = (typeof variableFamilies)[number];

/** Whether a name, without the dollar sign, is a variable that Fairway knows. */
export function isVariable(name: string): boolean {
  const known: readonly string[] = variableNames;
  return (
    known.includes(name) || variableFamilies.some((family) => name.length > family.length && name.startsWith(family))
  );
}
