const QUEUE = "print:queue";

/** Tickets that are paid for and not printed yet, oldest first. The print room takes them from here. */
export function prints({ cache }) {
  return { orders: cache.select(1).lrange(QUEUE, 0, -1).map((order) => JSON.parse(order)) };
}
