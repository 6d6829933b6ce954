import type { HealthCheck } from '../../../model/upstream.ts';
import type { CreateChecker } from './check.ts';
import { eachAnew } from './each-anew.ts';
import { grpcCheck } from './grpc.ts';
import { httpChecker } from './http.ts';
import { httpsCheck } from './https.ts';
import { tcpChecker } from './tcp.ts';

const httpsChecker = eachAnew(httpsCheck);

/** Every kind of health check. A kind of the model without a line here does not compile. */
const checkers: Readonly<Record<HealthCheck['kind'], CreateChecker>> = {
  http: (check, context, onResult) =>
    check.scheme === 'https' ? httpsChecker(check, context, onResult) : httpChecker(check, context, onResult),
  tcp: tcpChecker,
  grpc: eachAnew(grpcCheck),
};

/** Makes what checks one endpoint. */
export const createChecker: CreateChecker = (check, context, onResult) =>
  checkers[check.kind](check, context, onResult);

/** For tests: a contract runs over every kind. */
export const checkKinds: readonly HealthCheck['kind'][] = ['http', 'tcp', 'grpc'];
