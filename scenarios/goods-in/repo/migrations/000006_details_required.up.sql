update receipts set details = '{}' where details is null;
alter table receipts alter column details set not null;
