/**
 * Proof at compile time that a type survives structured clone between processes: data only, no functions, no class
 * instances with behaviour, no key objects, no dates. Used by `test/plain.types.ts`.
 */
export type IsPlain<T> = T extends string | number | boolean | bigint | undefined | null
  ? true
  : T extends (...parameters: never[]) => unknown
    ? false
    : T extends Uint8Array
      ? true
      : T extends ReadonlyMap<infer K, infer V>
        ? Both<IsPlain<K>, IsPlain<V>>
        : T extends ReadonlySet<infer V>
          ? IsPlain<V>
          : T extends readonly (infer V)[]
            ? IsPlain<V>
            : T extends object
              ? false extends { [K in keyof T]-?: IsPlain<T[K]> }[keyof T]
                ? false
                : true
              : false;

type Both<A, B> = false extends A | B ? false : true;
