-- The content of the reports database. The same bytes every time: plain arithmetic, no clock, no chance.
--
-- cost_lines: 12 accounts x 375 days (2024-12-04 to 2025-12-13) x 8 lines a day = 36,000 rows. Each of the eight
-- lines has its own time of day, so that some fall just before, on and just after the accounts' midnights:
-- 16:00:00Z is midnight at +08:00, and a line starts a second before it, on it and half an hour after.

create table schema_migrations (
  version    text primary key,
  applied_at timestamptz not null
);

insert into schema_migrations (version, applied_at) values
  ('20230302_accounts', '2023-03-02T06:10:00Z'),
  ('20230302_cost_lines', '2023-03-02T06:10:01Z'),
  ('20230911_saved_views', '2023-09-11T03:25:40Z'),
  ('20240620_cost_lines_by_account', '2024-06-20T09:02:13Z'),
  ('20251124_accounts_utc_offset', '2025-11-24T05:47:30Z');

create table accounts (
  id         text primary key,
  name       text not null,
  currency   text not null,
  utc_offset text not null default '+00:00'
);

insert into accounts (id, name, currency, utc_offset) values
  ('447700120011', 'Aspen Freight',       'CNY', '+08:00'),
  ('447700120027', 'Birchwood Media',     'CNY', '+08:00'),
  ('447700120038', 'Cinder Games',        'JPY', '+09:00'),
  ('447700120049', 'Dunlin Analytics',    'USD', '+00:00'),
  ('447700120050', 'Ember Robotics',      'CNY', '+08:00'),
  ('447700120061', 'Fernhill Foods',      'CNY', '+08:00'),
  ('447700120072', 'Garnet Insurance',    'USD', '-05:00'),
  ('447700120083', 'Lanting Logistics',   'CNY', '+08:00'),
  ('447700120094', 'Moss and Daughters',  'EUR', '+00:00'),
  ('447700120105', 'Nilgiri Diagnostics', 'INR', '+05:30'),
  ('447700120116', 'Oriole Payments',     'CNY', '+08:00'),
  ('447700120127', 'Pebble Learning',     'CNY', '+08:00');

create table cost_lines (
  id            integer primary key,
  account_id    text not null references accounts (id),
  usage_start   timestamptz not null,
  service       text not null,
  usage_type    text not null,
  kind          text not null check (kind in ('usage', 'credit', 'tax')),
  amount_micros bigint not null
);

with recursive
  days (day) as (
    select 0
    union all
    select day + 1 from days where day < 374
  ),
  shapes (shape, at_time, service, usage_type, kind, base_micros) as (
    values
      (1, 'T00:00:00Z', 'Compute',        'InstanceHours:8xlarge',  'usage',  418300000),
      (2, 'T03:00:00Z', 'Block storage',  'VolumeGigabyteHours',    'usage',   61750000),
      (3, 'T06:30:00Z', 'Object storage', 'StoredGigabyteHours',    'usage',   38420000),
      (4, 'T09:15:00Z', 'Databases',      'InstanceHours:4xlarge',  'usage',  203960000),
      (5, 'T15:59:59Z', 'Data transfer',  'OutboundGigabytes',      'usage',   92110000),
      (6, 'T16:00:00Z', 'Compute',        'InstanceHours:burst',    'usage',  147250000),
      (7, 'T16:30:00Z', 'Compute',        'CommittedUseDiscount',   'credit', -73500000),
      (8, 'T23:30:00Z', 'Tax',            'ValueAddedTax',          'tax',     53280000)
  ),
  numbered (account, account_id) as (
    select row_number() over (order by id), id from accounts
  )
insert into cost_lines (id, account_id, usage_start, service, usage_type, kind, amount_micros)
select
  days.day * 96 + (numbered.account - 1) * 8 + shapes.shape,
  numbered.account_id,
  date('2024-12-04', '+' || days.day || ' days') || shapes.at_time,
  shapes.service,
  shapes.usage_type,
  shapes.kind,
  -- Scaled by account, then up or down by as much as 14 per cent by day and line; whole millionths throughout.
  shapes.base_micros * (6 + numbered.account * 7 % 13) / 10
    * (86 + (days.day * 37 + numbered.account * 11 + shapes.shape * 53) % 29) / 100
from days, numbered, shapes
order by days.day, numbered.account, shapes.shape;

create index cost_lines_by_account on cost_lines (account_id, usage_start);

create table saved_views (
  id         integer primary key,
  owner      text not null,
  name       text not null,
  account_id text not null references accounts (id),
  definition text not null,
  created_at timestamptz not null
);

insert into saved_views (id, owner, name, account_id, definition, created_at) values
  (1, 'shu-fang',        'Month close',            '447700120083', '{"group":"service","kinds":["usage","credit","tax"]}', '2023-09-19T02:14:09Z'),
  (2, 'shu-fang',        'Month close, no tax',    '447700120083', '{"group":"service","kinds":["usage","credit"]}',       '2023-10-08T01:55:31Z'),
  (3, 'b.aalto',         'Storage only',           '447700120094', '{"group":"usage_type","service":"Block storage"}',     '2024-01-23T10:40:02Z'),
  (4, 'partner-billing', 'Committed use',          '447700120011', '{"group":"account","kinds":["credit"]}',               '2024-04-02T08:12:47Z'),
  (5, 'yan-qiu',         'Audit 2025',             '447700120116', '{"group":"month","from":"2025-01","to":"2025-12"}',    '2025-02-27T06:33:20Z'),
  (6, 'k.raman',         'Lab cost centre',        '447700120105', '{"group":"service","tag":"lab"}',                      '2025-06-16T04:05:58Z'),
  (7, 'shu-fang',        'Board pack Q4',          '447700120083', '{"group":"month","from":"2025-10","to":"2025-12"}',    '2025-12-11T09:21:15Z');
