// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const COUNT = "select count(*) as count from parcels";

export const PAGE = "select id, place, state from parcels order by id limit $1 offset $2";

export const PARCEL = "select id, place, state from parcels where id = $1";
