import type { EngineFactory, EngineName } from './engine.ts';
import { HttpProxyEngine } from './http-proxy.ts';

/** Every engine, by its name in `--engine`. */
export const engines: Readonly<Record<EngineName, EngineFactory>> = {
  'http-proxy': (parts) => new HttpProxyEngine(parts),
};
