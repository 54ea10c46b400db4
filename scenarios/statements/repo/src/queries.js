// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const LINES = "select day, kind, cents from lines where account = $1 and day >= $2 and day <= $3 order by day, id";

export const ACCOUNTS = "select distinct account from lines where holder = $1 order by account";
