-- Three runs that somebody typed in.

create table runs (
  id         integer primary key,
  device     text not null,
  started_at timestamptz not null,
  outcome    text not null,
  archived   boolean not null default false
);

insert into runs values
  (1, 'mill', '2026-01-07T16:30:00Z', 'ok', true),
  (2, 'mill', '2026-01-07T16:31:00Z', 'ok', false),
  (3, 'kiln', '2026-01-07T16:32:00Z', 'failed', false);
