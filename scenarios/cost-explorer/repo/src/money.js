const MICROS_PER_CENT = 10_000;

/** Millionths of a currency unit as text with two decimals; halves are rounded away from zero. */
export function money(micros) {
  const cents = Math.round(Math.abs(micros) / MICROS_PER_CENT);
  const sign = micros < 0 && cents > 0 ? "-" : "";
  return `${sign}${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}
