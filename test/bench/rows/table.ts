import { handshakesRow } from './handshakes.ts';
import { idleRows } from './idle.ts';
import { latencyRow } from './latency.ts';
import { routesRow } from './routes.ts';
import type { Row } from './row.ts';
import { withoutLogRow, wrkRows } from './with-wrk.ts';
import { spreadRow, workersRow } from './workers.ts';

/** In the order of the table. Neighbours with the same setup share their proxies. */
export const rows: readonly Row[] = [
  ...wrkRows,
  handshakesRow,
  latencyRow,
  withoutLogRow,
  routesRow,
  workersRow,
  spreadRow,
  ...idleRows,
];
