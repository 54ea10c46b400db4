// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const TRIPS = "select trip, van, due, arrived from trips where depot = $1 order by due, trip";

export const DEPOTS = "select distinct depot from trips order by depot";
