// All questions to the index stand here, in its SQL.

export const PING = "select 1 as one";

export const PARTS = `
  select name, price, stock from parts where kind = $1 order by price, name`;

export const NOTES = `
  select name, note from parts where kind = $1 and note is not null order by name`;
