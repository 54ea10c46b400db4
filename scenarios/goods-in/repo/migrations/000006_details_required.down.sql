alter table receipts alter column details drop not null;
