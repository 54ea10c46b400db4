/** Cents as the displays show them. */
export function euros(cents) {
  return `${Math.trunc(cents / 100)}.${Math.abs(cents % 100)}`;
}
