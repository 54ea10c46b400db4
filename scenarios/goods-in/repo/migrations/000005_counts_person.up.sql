alter table counts add column person text not null default '';
