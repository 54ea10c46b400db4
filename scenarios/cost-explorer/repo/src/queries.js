// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const ACCOUNTS = "select id, name, currency, utc_offset from accounts order by name";

export const ACCOUNT = "select id, name, currency, utc_offset from accounts where id = $1";

// Half-open: a line that starts at the very end of a month belongs to the next one.
export const LINES_BY_SERVICE = `
  select service, kind, sum(amount_micros) as micros, count(*) as lines
    from cost_lines
   where account_id = $1 and usage_start >= $2 and usage_start < $3
   group by service, kind
   order by service, kind`;
