alter table counts drop column person;
