// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const RECEIPTS = `
  select id, supplier, article, pieces from receipts where day = $1 order by id`;

export const COUNTS = `
  select id, pieces, person from counts where article = $1 order by counted_at, id`;
