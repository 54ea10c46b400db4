const MICROS_PER_CENT = 10_000;

/** Millionths of a currency unit as text with two decimals. */
export function money(micros) {
  return (Math.round(micros / MICROS_PER_CENT) / 100).toFixed(2);
}
