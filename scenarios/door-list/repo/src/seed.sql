-- Something to see in an empty database.

insert into companies (id, name) values ('NF-0001', 'Sample Works'), ('NF-0002', 'Sample Mill') on conflict do nothing;
insert into people (id, name, company_id, seat, badge) values
  ('s-1', 'Sample One', 'NF-0001', 1, 'A'),
  ('s-2', 'Sample Two', 'NF-0001', 2, 'A'),
  ('s-3', 'Sample Three', 'NF-0002', 3, 'B');
