create index receipts_by_day on receipts (day);
