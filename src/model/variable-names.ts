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
  'document_uri',
  'args',
  'query_string',
  'is_args',
  'remote_addr',
  'binary_remote_addr',
  'remote_port',
  'remote_user',
  'request_method',
  'request_id',
  'content_type',
  'content_length',
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

/** A dollar sign and a name, or a name in braces; anything else after a dollar sign is plain text. */
const variable = /\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})/g;

/** One piece of a text with variables. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string };

/** Splits `a$host/${arg_x}` into its parts. Names are in lower case, as nginx has them. */
export function splitVariables(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(variable)) {
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    parts.push({ kind: 'variable', name: (match[1] ?? match[2] ?? '').toLowerCase() });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}
