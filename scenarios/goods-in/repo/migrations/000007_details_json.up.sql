alter table receipts alter column details type jsonb;
