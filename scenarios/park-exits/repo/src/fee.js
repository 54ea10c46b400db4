const FREE_MIN = 15;
const HOUR_CENTS = 220;

/** What a stay costs: the first quarter of an hour is free, beyond it each hour that was begun counts. */
export function fee(minutes) {
  if (minutes <= FREE_MIN) return 0;
  return (Math.floor(minutes / 60) + 1) * HOUR_CENTS;
}
