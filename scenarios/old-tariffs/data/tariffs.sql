-- Today's tariffs. Plain arithmetic, no clock, no chance.

create table tariffs (
  name        text primary key,
  unit_ct     integer not null,
  standing_ct integer not null
);

insert into tariffs values ('basic', 31, 12550), ('heat', 24, 9600), ('night', 22, 14410), ('solar', 29, 7000);
