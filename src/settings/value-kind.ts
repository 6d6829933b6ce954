/** Result of reading one setting's text. */
export type ReadResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** How the text of a setting becomes a value. `read` never throws. */
export interface SettingKind<T> {
  readonly name: string;
  /** One clause for help and messages: `a whole number from 0 to 65535`. */
  readonly describe: string;
  readonly read: (text: string) => ReadResult<T>;
  readonly print: (value: T) => string;
  /** JSON Schema of the Helm value. */
  readonly schema: Readonly<Record<string, unknown>>;
}
