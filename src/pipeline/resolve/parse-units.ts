const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Milliseconds of a duration such as `6h`, `90s`, `1h30m`, of the form that the schema has checked. */
export function parseDuration(text: string): number {
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g))
    sum += Number(number) * MILLISECONDS[unit!]!;
  return Math.round(sum);
}

/** Bytes of a size such as `8GB`, `1.5GiB`, of the form that the schema has checked. */
export function parseBytes(text: string): number {
  const [, number, unit] = /^([\d.]+) ?(\w+)$/.exec(text)!;
  return Math.round(Number(number) * BYTES[unit!]!);
}
