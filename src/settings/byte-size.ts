const units: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * Bytes of a size as nginx writes it: `8k`, `1m`, `1G`, or digits alone.
 * @returns undefined for what is none
 * Source: ingress-nginx `sizeRegex`.
 */
export function parseByteSize(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,12})([bkmg]?)$/i.exec(text) ?? [];
  return digits === '' ? undefined : Number(digits) * (units[unit.toLowerCase()] ?? 1);
}

/** The shortest way to write it. */
export function printByteSize(bytes: number): string {
  const unit = ['g', 'm', 'k'].find((one) => bytes > 0 && bytes % (units[one] ?? 1) === 0) ?? '';
  return `${bytes / (units[unit] ?? 1)}${unit}`;
}
