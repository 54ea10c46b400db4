// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const PRICE = "select sku, name, cents from articles where sku = $1";

export const ORDERS = "select id, sku, pieces, placed_at from orders where placed_at >= $1 and placed_at < $2 order by placed_at, id";
