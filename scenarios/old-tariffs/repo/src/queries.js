// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const TARIFFS = "select name, unit_ct, standing_ct from tariffs order by name";

export const TARIFF = "select name, unit_ct, standing_ct from tariffs where name = $1";
