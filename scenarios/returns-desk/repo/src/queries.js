// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const ORDERS = "select distinct order_id from returns order by order_id";

export const RETURNS_OF_ORDER = "select id, booked_at from returns where order_id = $1 order by booked_at, id";

export const RETURN = `
  select r.id, r.order_id, o.shipping,
         (select count(*) from order_lines l where l.order_id = r.order_id) as lines_ordered
    from returns r join orders o on o.id = r.order_id
   where r.id = $1`;

// The discount is the line's own, for all of its pieces together.
export const LINES_OF_RETURN = `
  select l.article, l.quantity, l.price, l.discount, rl.quantity as returned
    from return_lines rl join order_lines l on l.id = rl.order_line_id
   where rl.return_id = $1
   order by l.article`;
