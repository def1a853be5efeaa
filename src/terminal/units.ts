/** A duration for people: `0.4 s`, `42 s`, `3 min 05 s`, `1 h 02 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

/** A size in decimal units, three digits: `812 B`, `30.1 KB`, `1.42 GB`. */
export function bytes(count: number): string {
  let value = count;
  for (const unit of ['B', 'KB', 'MB', 'GB']) {
    if (value < 999.5) return `${unit === 'B' ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
    value /= 1000;
  }
  return `${Number(value.toPrecision(3))} TB`;
}

/** A number with at most four significant digits behind a point: `1100`, `0.6523`, `0.00005`. */
export function number(value: number): string {
  if (Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 1000) return value.toFixed(0);
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}

/** `1 stage`, `3 stages`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
