alter table receipts add column details text;
