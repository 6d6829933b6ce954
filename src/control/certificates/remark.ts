/** What is wrong with a certificate or key, and the way out. Never holds a part of a key. */
export interface Remark {
  readonly why: string;
  readonly fix: string;
}
