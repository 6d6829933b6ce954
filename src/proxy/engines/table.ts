import type { EngineFactory, EngineName } from './engine.ts';
import { HttpProxyEngine } from './http-proxy.ts';
import { NativeEngine } from './native.ts';

/** Every engine, by its name in `--engine`. */
export const engines: Readonly<Record<EngineName, EngineFactory>> = {
  native: (parts) => new NativeEngine(parts),
  'http-proxy': (parts) => new HttpProxyEngine(parts),
};
