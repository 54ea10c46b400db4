// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const BOOKINGS = `
  select id, guest, seats, hour from bookings where day = $1 order by hour, id`;

export const DEPOSITS = `
  select d.booking_id, d.cents from deposits d join bookings b on b.id = d.booking_id
   where b.day = $1 order by d.booking_id`;
