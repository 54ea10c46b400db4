alter table receipts drop column details;
