drop index receipts_by_day;
