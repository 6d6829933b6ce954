import { detached, isFieldValue, isToken } from './characters.ts';
import { isSecretName } from './known-lines.ts';

/** Longer values seldom come again. */
const longestValue = 256;

/** One spelling of the name of a field, as it is written: checked once, with the line that it was last part of. */
export class WrittenName {
  /** `name: ` */
  readonly start: string;
  /** `entity`: Date and Content-Type. */
  readonly kind: 'length' | 'coding' | 'entity' | 'other';
  readonly #remembers: boolean;
  #value = '';
  /** Made when the same value comes again. */
  #line = '';

  /** @param name  a token */
  constructor(name: string) {
    this.start = `${name}: `;
    this.kind = kindOf(name.toLowerCase());
    this.#remembers = !isSecretName(name);
  }

  /** The whole line with its end. Most values are those of the head before. @returns undefined for what may not be sent */
  line(value: string): string | undefined {
    if (value === this.#value && this.#line !== '') return this.#line;
    if (!isFieldValue(value)) return undefined;
    const line = `${this.start}${value}\r\n`;
    if (!this.#remembers || value.length > longestValue) return line;
    if (value === this.#value) this.#line = detached(line);
    else {
      this.#value = value;
      this.#line = '';
    }
    return line;
  }
}

/** By spelling, of which there are few. Bounded. */
const names = new Map<string, WrittenName>();
const mostNames = 1024;

/** @returns undefined for what is no name of a field */
export function writtenName(name: string): WrittenName | undefined {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (!isToken(name)) return undefined;
  if (names.size >= mostNames) names.clear();
  const own = detached(name);
  const made = new WrittenName(own);
  names.set(own, made);
  return made;
}

function kindOf(lowerCase: string): WrittenName['kind'] {
  if (lowerCase === 'content-length') return 'length';
  if (lowerCase === 'transfer-encoding') return 'coding';
  return lowerCase === 'date' || lowerCase === 'content-type' ? 'entity' : 'other';
}
