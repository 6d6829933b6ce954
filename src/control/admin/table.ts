import type { AdminPage } from './page.ts';
import { diagnostics } from './pages/diagnostics.ts';
import { healthz } from './pages/healthz.ts';
import { index } from './pages/index.ts';
import { livez } from './pages/livez.ts';
import { metrics } from './pages/metrics.ts';
import { readyz } from './pages/readyz.ts';
import { snapshot } from './pages/snapshot.ts';

/** Every path of the admin listener, in the order in which they are shown. */
export const adminPages: readonly AdminPage[] = [index, readyz, livez, healthz, metrics, snapshot, diagnostics];
