import type { HealthCheck } from '../../../model/upstream.ts';
import type { Check } from './check.ts';
import { grpcCheck } from './grpc.ts';
import { httpCheck } from './http.ts';
import { tcpCheck } from './tcp.ts';

/** Every kind of health check. A kind of the model without a line here does not compile. */
export const checks: Readonly<Record<HealthCheck['kind'], Check>> = {
  http: httpCheck,
  tcp: tcpCheck,
  grpc: grpcCheck,
};
