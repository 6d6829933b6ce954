/**
 * The two messages of `grpc.health.v1` that a check needs, each with one field, in the wire format of protobuf:
 *
 *     HealthCheckRequest  { string service = 1; }
 *     HealthCheckResponse { ServingStatus status = 1; }   0 UNKNOWN, 1 SERVING, 2 NOT_SERVING, 3 SERVICE_UNKNOWN
 *
 * Every gRPC message has five bytes before it: compressed or not, and the length, big-endian.
 * Source: grpc/health/v1/health.proto, protobuf encoding, gRPC over HTTP/2 "Length-Prefixed-Message".
 */
const prefixBytes = 5;

/** @param service  may be empty, which asks for the server as a whole */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  // An empty field is not written: proto3.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Status of the answer, or undefined when the bytes are not one uncompressed message of this form. */
export function readHealthResponse(bytes: Buffer): number | undefined {
  if (bytes.length < prefixBytes || bytes[0] !== 0) return undefined;
  if (bytes.readUInt32BE(1) !== bytes.length - prefixBytes) return undefined;
  let status = 0;
  const reader = { bytes, at: prefixBytes };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    if (tag === undefined) return undefined;
    const value = readField(reader, tag & 7);
    if (value === undefined) return undefined;
    // The last one of a field that is there twice counts: protobuf.
    if (tag >>> 3 === 1 && (tag & 7) === 0) status = value;
  }
  return status;
}

export function servingStatusName(status: number): string {
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status] ?? `serving status ${status}`;
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
}

/** Value of a field, 0 for those that are skipped; undefined when it does not fit. */
function readField(reader: Reader, wireType: number): number | undefined {
  if (wireType === 0) return readVarint(reader);
  const size = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? readVarint(reader) : undefined;
  if (size === undefined || reader.at + size > reader.bytes.length) return undefined;
  reader.at += size;
  return 0;
}

/** Up to 35 bits, enough for tags, lengths of 10 KiB and enums. */
function readVarint(reader: Reader): number | undefined {
  let value = 0;
  for (let shift = 0; shift < 5; shift += 1) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) return undefined;
    reader.at += 1;
    value += (byte & 0x7f) * 128 ** shift;
    if (byte < 0x80) return value;
  }
  return undefined;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
