-- Claims. Plain arithmetic, no clock, no chance.

create table claims (ref text not null, policy text not null, state text not null, primary key (ref, policy));

with recursive n (i) as (select 1 union all select i + 1 from n where i < 900)
insert into claims
select 'KX-' || substr('000' || i, -4), 'P-' || (70000 + (i * 37) % 9973), case i % 3 when 0 then 'open' when 1 then 'paid' else 'declined' end from n;
